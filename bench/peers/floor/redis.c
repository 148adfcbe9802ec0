/* See redis.h. Every message is the answer to a BLPOP of its own (RESP, version 2). */

#define _GNU_SOURCE /* memmem */
#include "redis.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ages.h"
#include "clients.h"

enum { POPS_AHEAD = 64 }; /* that Redis has already, so that no message waits for the answer to the one before it */

/* Ask for `count` messages more. */
static void
pop(int redis, const char *list, int count)
{
    char commands[POPS_AHEAD * (LONGEST_NAME + 64)];
    int length = 0;
    for (int i = 0; i < count; i++) {
        length += snprintf(commands + length, sizeof commands - (size_t)length,
                           "*3\r\n$5\r\nBLPOP\r\n$%zu\r\n%s\r\n$1\r\n0\r\n", strlen(list), list);
    }
    if (send(redis, commands, (size_t)length, MSG_NOSIGNAL) != length) {
        fail("send to Redis");
    }
}

int
connect_to_redis(const char *port, const char *list)
{
    struct sockaddr_in address = local_address(port);
    int file = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(file, (struct sockaddr *)&address, sizeof address)) {
        fail("connect to Redis");
    }
    pop(file, list, POPS_AHEAD);
    return file;
}

/* Push a message from Redis to the client that it names, or to all. */
static void
push_received(const char *message, size_t length)
{
    if (note_age(message, length)) {
        return;
    }
    static const char USER[] = "\"user_id\":";
    memcpy(payload, message, length);
    const char *user = memmem(message, length, USER, strlen(USER));
    const char *digits = user == NULL ? NULL : user + strlen(USER);
    if (digits == NULL || *digits < '0' || *digits > '9') { /* a quote, or a push to "*" */
        push_to_all(length);
        return;
    }
    unsigned long place = strtoul(digits, NULL, 10);
    if (place < client_count()) {
        push_to(place, length);
    }
}

/* Read "$<length>\r\n<bytes>\r\n". Return its end, or NULL where it is not there whole. Fill in the bytes. */
static const char *
read_bulk(const char *begin, const char *end, const char **bytes, size_t *length)
{
    const char *line_end = memchr(begin, '\n', (size_t)(end - begin));
    if (line_end == NULL) {
        return NULL;
    }
    *bytes = line_end + 1;
    *length = strtoul(begin + 1, NULL, 10);
    if (begin[0] != '$' || *length > MOST_BYTES) {
        fprintf(stderr, "unexpected from Redis: %.*s\n", (int)(line_end - begin), begin);
        exit(1);
    }
    return *length + 2 <= (size_t)(end - *bytes) ? *bytes + *length + 2 : NULL;
}

/* Take the replies to BLPOP, each an array of the list's name and a message, and ask for as many more. */
void
take_replies(int redis, const char *list)
{
    static const char ARRAY[] = "*2\r\n";
    static char buffer[4 * MOST_BYTES];
    static size_t filled;
    ssize_t received = recv(redis, buffer + filled, sizeof buffer - filled, 0);
    if (received <= 0) {
        fail("recv from Redis");
    }
    filled += (size_t)received;
    const char *begin = buffer, *end = buffer + filled, *bytes;
    size_t length;
    int taken = 0;
    while ((size_t)(end - begin) >= strlen(ARRAY)) {
        const char *message = read_bulk(begin + strlen(ARRAY), end, &bytes, &length);
        const char *next = message == NULL ? NULL : read_bulk(message, end, &bytes, &length);
        if (next == NULL) {
            break;
        }
        push_received(bytes, length);
        begin = next;
        taken++;
    }
    filled = (size_t)(end - begin);
    memmove(buffer, begin, filled);
    if (taken > 0) {
        pop(redis, list, taken);
    }
}
