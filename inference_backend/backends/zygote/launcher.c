/* Stands where Triton expects its Python stub. Asks the fork server for a warm stub and lives as long as that one, with
 * its exit status; where there is no fork server it becomes the plain stub ("<own name>.real"). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char message[65536];

/* The working directory and the arguments, each ended by a zero; the length, or 0 where they don't fit. */
static size_t pack(int argc, char **argv) {
  if (!getcwd(message, 4096)) return 0;
  size_t used = strlen(message) + 1;
  for (int i = 0; i < argc; i++) {
    size_t size = strlen(argv[i]) + 1;
    if (used + size > sizeof message) return 0;
    memcpy(message + used, argv[i], size);
    used += size;
  }
  return used;
}

/* A connection on which a stub was asked for, or -1. Standard input, output and error go along. */
static int request_stub(const char *path, int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  size_t size = pack(argc, argv);
  int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (server < 0) return -1;
  int files[3] = {0, 1, 2};
  char control[CMSG_SPACE(sizeof files)] = {0};
  struct iovec part = {message, size};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof files);
  memcpy(CMSG_DATA(rights), files, sizeof files);
  if (!size || connect(server, (void *)&address, sizeof address) || sendmsg(server, &head, MSG_NOSIGNAL) < 0) {
    close(server);
    return -1;
  }
  return server;
}

static ssize_t receive(int server, int *value) {
  ssize_t size;
  while ((size = recv(server, value, sizeof *value, 0)) < 0 && errno == EINTR) {}
  return size;
}

int main(int argc, char **argv) {
  int pid = 0, status = 0;
  if (argc < 9) return 1; /* Triton only tries whether the file can be run */
  int server = request_stub(getenv("TESSERA_ZYGOTE_SOCKET"), argc, argv);
  if (server >= 0 && receive(server, &pid) == sizeof pid && pid > 0) {
    if (receive(server, &status) == sizeof status)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    while (kill(pid, 0) == 0) usleep(50000); /* the fork server is gone; its stub is not */
    return 0;
  }
  char real[4096];
  snprintf(real, sizeof real, "%s.real", argv[0]);
  execv(real, argv);
  perror(real);
  return 127;
}
