#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Counts lines of stdin, prints its arguments; `cat PATH`, `write PATH`, `ls PATH`, `time` and `fail` show what of WASI is there. */
int main(int argc, char **argv) {
  char line[256];
  size_t lines = 0, bytes = 0;
  for (int i = 1; i < argc; i++) printf("arg %s\n", argv[i]);
  if (argc > 2 && strcmp(argv[1], "cat") == 0) {
    FILE *f = fopen(argv[2], "r");
    if (f == NULL) { perror(argv[2]); return 2; }
    while (fgets(line, sizeof line, f)) fputs(line, stdout);
    fclose(f);
    return 0;
  }
  if (argc > 2 && strcmp(argv[1], "write") == 0) {
    FILE *f = fopen(argv[2], "w");
    if (f == NULL) { perror(argv[2]); return 2; }
    return 0;
  }
  if (argc > 2 && strcmp(argv[1], "ls") == 0) {
    DIR *d = opendir(argv[2]);
    if (d == NULL) { perror(argv[2]); return 2; }
    struct dirent *e;
    while ((e = readdir(d)) != NULL) puts(e->d_name);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    struct timespec before, after, wall, nap = {1, 500000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    clock_gettime(CLOCK_REALTIME, &wall);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%lld %s\n", (long long)wall.tv_sec, after.tv_sec - before.tv_sec >= 1 ? "slept" : "did not sleep");
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "spin") == 0) for (;;) bytes++;
  while (fgets(line, sizeof line, stdin)) { lines++; bytes += strlen(line); }
  printf("%zu lines, %zu bytes\n", lines, bytes);
  if (argc > 1 && strcmp(argv[1], "fail") == 0) { fputs("asked to fail\n", stderr); return 3; }
  return 0;
}
