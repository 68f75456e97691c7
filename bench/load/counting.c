/* The inner loop of the reader program: epoll, recv, count. See counting.py, which does the same where there is no C compiler. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

struct tally { int64_t expected, total, bytes, first, last, closed; };

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint32_t occurrences(const char *data, size_t size, const char *marker, size_t length)
{
    uint32_t found = 0;
    const char *at = data, *end = data + size;
    while ((at = memmem(at, (size_t)(end - at), marker, length)) != NULL) {
        found++;
        at += length;
    }
    return found;
}

/* Returns 0 when `input` is readable, 1 when the expected count has been reached. `buffer` has room for overlap + room bytes. */
int serve(int epoll, int input, const char *marker, size_t length, const char *ping, size_t ping_length,
          const char *pong, size_t pong_length, struct tally *tally, uint32_t *counts, char *tails, char *buffer, size_t room)
{
    struct epoll_event events[512];
    const size_t overlap = length - 1;
    for (;;) {
        int asked = 0;
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            const int fd = events[i].data.fd;
            if (fd == input) {
                asked = 1;
                continue;
            }
            char *tail = tails + (size_t)fd * overlap;
            memcpy(buffer, tail, overlap);
            const ssize_t size = recv(fd, buffer + overlap, room, 0);
            if (size < 0 && (errno == EAGAIN || errno == EINTR))
                continue;
            if (size <= 0) {
                epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
                tally->closed++;
                continue;
            }
            const size_t end = overlap + (size_t)size;
            const uint32_t found = occurrences(buffer, end, marker, length);
            memcpy(tail, buffer + size, overlap);
            if (memmem(buffer, end, ping, ping_length) != NULL)
                send(fd, pong, pong_length, MSG_NOSIGNAL);
            if (found == 0)
                continue;
            tally->bytes += size;
            tally->total += found;
            counts[fd] += found;
            if (tally->first == 0)
                tally->first = now();
        }
        if (tally->expected > 0 && tally->total >= tally->expected) {
            tally->last = now();
            return 1;
        }
        if (asked)
            return 0;
    }
}
