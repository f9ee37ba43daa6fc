package dev.tessera;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A list that fetches its further pages while it is read. */
public final class Page<T> implements Iterable<T> {
    private final Transport transport;
    private final String path;
    private final Function<JsonObject, T> read;

    Page(Transport transport, String path, Function<JsonObject, T> read) {
        this.transport = transport;
        this.path = path;
        this.read = read;
    }

    /** All entries, as a stream. */
    public Stream<T> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    @Override
    public Iterator<T> iterator() {
        return new Iterator<>() {
            private final Deque<JsonObject> here = new ArrayDeque<>();
            private String cursor = "";

            @Override
            public boolean hasNext() {
                while (here.isEmpty() && cursor != null) {
                    String joint = path.contains("?") ? "&" : "?";
                    JsonObject page = transport.send(new Transport.Call("GET",
                            cursor.isEmpty() ? path : path + joint + "cursor=" + Transport.quote(cursor)));
                    here.addAll(page.objects("data"));
                    cursor = page.flag("has_more") ? page.text("next_cursor") : null;
                }
                return !here.isEmpty();
            }

            @Override
            public T next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return read.apply(here.remove());
            }
        };
    }
}
