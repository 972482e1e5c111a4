/* Counts the bytes that memcpy and memmove move in a process, into the 8 bytes at the start of the file $COPIED.
 *
 * cc -O2 -fno-builtin -shared -fPIC -o copied.so copied.c; COPIED=count LD_PRELOAD=./copied.so python ...
 *
 * Below 4 KiB nothing is counted: what is asked for are copies of a picture's bytes. glibc only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LEAST = 4096 };

static void *(*move)(void *, const void *, size_t);
static uint64_t *copied;

static void *counted(void *to, const void *from, size_t size)
{
    if (!move)
        move = dlsym(RTLD_NEXT, "memmove");
    if (copied && size >= LEAST)
        __atomic_fetch_add(copied, size, __ATOMIC_RELAXED);
    return move(to, from, size);
}

void *memcpy(void *to, const void *from, size_t size) { return counted(to, from, size); }

void *memmove(void *to, const void *from, size_t size) { return counted(to, from, size); }

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("COPIED");
    int file = path ? open(path, O_RDWR) : -1;
    void *at = file < 0 ? MAP_FAILED : mmap(0, sizeof *copied, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    copied = at == MAP_FAILED ? 0 : at;
}
