/* Preloaded into an unmodified triton_python_backend_stub, this turns it into a fork server: the interpreter is brought
 * up and the libraries are imported once; every request forks a stub that has them already and shares their pages. The
 * child runs the stub's own main, which finds an interpreter that is up where it would have made one.
 *
 * The parent must stay free of threads: a fork takes along one thread only. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_STUBS 2048
#define MAX_ARGUMENTS 64

typedef int (*main_function)(int, char **, char **);
typedef struct { int type; const char *function, *message; int exit_code; } python_status; /* PyStatus since 3.8 */

static main_function stub_main;
static int pretend_cold; /* in a child, until the stub has "made" its interpreter */
static char *title;      /* the memory behind /proc/self/cmdline */
static size_t title_size;
static struct { int launcher, process; pid_t pid; } stubs[MAX_STUBS];
static int stub_count;
static const char *in_child; /* Python that every fork runs first */

static void *python(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) { fprintf(stderr, "fork server: no %s\n", name); _exit(3); }
  return found;
}

/* What the stub asks before it makes an interpreter, and how it makes it. */
int Py_IsInitialized(void) {
  static int (*real)(void);
  if (!real) real = (int (*)(void))python("Py_IsInitialized");
  return pretend_cold ? 0 : real();
}

python_status Py_InitializeFromConfig(const void *config) {
  if (pretend_cold) {
    python_status done = {0};
    pretend_cold = 0;
    return done;
  }
  python_status (*real)(const void *) = (python_status(*)(const void *))python("Py_InitializeFromConfig");
  return real(config);
}

static int run(const char *code) {
  int (*real)(const char *, void *) = (int (*)(const char *, void *))python("PyRun_SimpleStringFlags");
  return code ? real(code, NULL) : 0;
}

static int threads(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/task");
  for (struct dirent *entry; folder && (entry = readdir(folder));) count += entry->d_name[0] != '.';
  if (folder) closedir(folder);
  return count;
}

static ssize_t receive(int socket, char *buffer, size_t size, int files[3]) {
  char control[CMSG_SPACE(3 * sizeof(int))];
  struct iovec part = {buffer, size};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t received = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
  files[0] = files[1] = files[2] = -1;
  if (received <= 0) return received;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c))
    if (c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(3 * sizeof(int)))
      memcpy(files, CMSG_DATA(c), 3 * sizeof(int));
  return received;
}

/* In the child: takes over the launcher's place, folder and arguments, and runs the stub. Never returns. */
static void become_stub(const char *message, size_t size, int files[3], char **environment) {
  static char *arguments[MAX_ARGUMENTS + 1];
  int count = 0;
  for (int i = 0; i < 3; i++)
    if (files[i] >= 0) dup2(files[i], i);
  for (int i = 0; i < 3; i++)
    if (files[i] > 2) close(files[i]);
  char *copy = malloc(size);
  memcpy(copy, message, size);
  size_t folder = strlen(copy) + 1;
  for (char *word = copy + folder; word < copy + size && count < MAX_ARGUMENTS; word += strlen(word) + 1)
    arguments[count++] = word;
  /* ps and our own accounting see the stub's arguments, not the fork server's. */
  memset(title, 0, title_size);
  memcpy(title, copy + folder, size - folder < title_size - 1 ? size - folder : title_size - 1);
  if (count > 8) prctl(PR_SET_NAME, arguments[8]);
  if (chdir(copy)) _exit(4);
  signal(SIGPIPE, SIG_DFL);
  run(in_child);
  pretend_cold = 1;
  exit(stub_main(count, arguments, environment));
}

static void fork_stub(int launcher, const char *message, size_t size, int files[3], int listener, char **environment) {
  ((void (*)(void))python("PyOS_BeforeFork"))();
  pid_t pid = fork();
  if (pid == 0) {
    ((void (*)(void))python("PyOS_AfterFork_Child"))();
    close(listener);
    close(launcher);
    for (int i = 0; i < stub_count; i++) { close(stubs[i].launcher); close(stubs[i].process); }
    become_stub(message, size, files, environment);
  }
  ((void (*)(void))python("PyOS_AfterFork_Parent"))();
  int process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
  if (process < 0) { /* the launcher falls back to a stub of its own */
    if (pid > 0) { kill(pid, SIGKILL); waitpid(pid, NULL, 0); }
    close(launcher);
    return;
  }
  send(launcher, &pid, sizeof pid, MSG_NOSIGNAL);
  stubs[stub_count].launcher = launcher;
  stubs[stub_count].process = process;
  stubs[stub_count++].pid = pid;
}

/* A stub whose launcher Triton has ended goes too; a launcher whose stub has ended gets the status. */
static void reap(int index, int launcher_left, int stub_ended) {
  int status = 0;
  if (!stub_ended) kill(stubs[index].pid, SIGKILL);
  waitpid(stubs[index].pid, &status, 0);
  if (!launcher_left) send(stubs[index].launcher, &status, sizeof status, MSG_NOSIGNAL);
  close(stubs[index].launcher);
  close(stubs[index].process);
  stubs[index] = stubs[--stub_count];
}

/* A variable's value, taken out of the environment: what a model starts must not become a fork server too. */
static const char *take(const char *name) {
  const char *value = getenv(name);
  char *copy = value ? strdup(value) : NULL;
  unsetenv(name);
  return copy;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (listener < 0 || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  unlink(path);
  return bind(listener, (void *)&address, sizeof address) || listen(listener, 256) ? -1 : listener;
}

static int serve(int argc, char **argv, char **environment) {
  static struct pollfd watched[2 * MAX_STUBS + 1];
  static char message[65536];
  const char *path = take("TESSERA_ZYGOTE"), *preload = take("TESSERA_ZYGOTE_PRELOAD");
  in_child = take("TESSERA_ZYGOTE_CHILD");
  take("LD_PRELOAD");
  title = argv[0];
  title_size = argv[argc - 1] + strlen(argv[argc - 1]) + 1 - title;
  ((void (*)(int))python("Py_InitializeEx"))(1);
  if (run("import sys; sys.path.append('.')") || run(preload)) return 3;
  run("import gc; gc.collect(); gc.freeze()"); /* collections must not touch, and so copy, the shared pages */
  if (threads() != 1) { fprintf(stderr, "fork server: the preloaded libraries start threads\n"); return 4; }
  int listener = listen_at(path);
  if (listener < 0) { perror("fork server"); return 5; }
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    watched[0] = (struct pollfd){listener, POLLIN, 0};
    for (int i = 0; i < stub_count; i++) {
      watched[1 + 2 * i] = (struct pollfd){stubs[i].launcher, POLLIN, 0};
      watched[2 + 2 * i] = (struct pollfd){stubs[i].process, POLLIN, 0};
    }
    if (poll(watched, 1 + 2 * stub_count, -1) < 0) {
      if (errno == EINTR) continue;
      return 6;
    }
    int asked = watched[0].revents & POLLIN;
    for (int i = stub_count - 1; i >= 0; i--)
      if (watched[1 + 2 * i].revents || watched[2 + 2 * i].revents)
        reap(i, watched[1 + 2 * i].revents, watched[2 + 2 * i].revents);
    if (!asked) continue;
    int files[3], launcher = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (launcher < 0) continue;
    ssize_t size = receive(launcher, message, sizeof message, files);
    if (size > 0 && stub_count < MAX_STUBS) fork_stub(launcher, message, size, files, listener, environment);
    else close(launcher);
    for (int i = 0; i < 3; i++)
      if (files[i] >= 0) close(files[i]);
  }
}

typedef int (*start_function)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
  start_function real = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");
  stub_main = main;
  return real(getenv("TESSERA_ZYGOTE") ? serve : main, argc, argv, init, fini, rtld_fini, stack_end);
}
