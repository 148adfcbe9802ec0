/* See clients.h. A push is one system call for each client and no more. */

#define _GNU_SOURCE /* memmem */
#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    MOST_CLIENTS = 65536,
    HEAD_BYTES = 4,
    BACKLOG = 4096,
    REQUEST_SECONDS = 5, /* for the rest of a request that has begun */
};

/* `rest` is what the system did not take of the last frame. `file` is -1 for a client that has gone. */
typedef struct {
    int file;
    char *rest;
    size_t rest_length;
} Client;

static Client clients[MOST_CLIENTS];
static size_t count;
static char frame[HEAD_BYTES + MOST_BYTES];
char *const payload = frame + HEAD_BYTES;

void
fail(const char *what)
{
    perror(what);
    exit(1);
}

size_t
client_count(void)
{
    return count;
}

/* Send what the system takes. Return its bytes; a client that has gone is forgotten and takes none. */
static size_t
send_to(Client *client, const char *data, size_t length)
{
    ssize_t sent = send(client->file, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
        return (size_t)sent;
    }
    if (errno != EAGAIN && errno != EINTR) {
        close(client->file);
        client->file = -1;
    }
    return 0;
}

/* Push a frame, unless the one before it is still under way. */
static void
push(Client *client, const char *data, size_t length)
{
    if (client->rest_length > 0) {
        size_t sent = send_to(client, client->rest, client->rest_length);
        client->rest_length -= sent;
        memmove(client->rest, client->rest + sent, client->rest_length);
    }
    if (client->file < 0 || client->rest_length > 0) {
        return;
    }
    size_t sent = send_to(client, data, length);
    if (sent > 0 && sent < length) {
        client->rest_length = length - sent;
        client->rest = realloc(client->rest, client->rest_length);
        if (client->rest == NULL) {
            fail("realloc");
        }
        memcpy(client->rest, data + sent, client->rest_length);
    }
}

/* Put the head of a text frame in front of the payload (RFC 6455, section 5.2). Return where the frame begins. */
static char *
head_of(size_t length)
{
    if (length < 126) {
        payload[-2] = (char)0x81;
        payload[-1] = (char)length;
        return payload - 2;
    }
    payload[-4] = (char)0x81;
    payload[-3] = 126;
    payload[-2] = (char)(length >> 8);
    payload[-1] = (char)length;
    return payload - 4;
}

void
push_to_all(size_t length)
{
    char *begin = head_of(length);
    for (size_t i = 0; i < count; i++) {
        push(&clients[i], begin, (size_t)(payload - begin) + length);
    }
}

void
push_to(size_t place, size_t length)
{
    char *begin = head_of(length);
    push(&clients[place], begin, (size_t)(payload - begin) + length);
}

struct sockaddr_in
local_address(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int
listen_on(const char *port)
{
    struct sockaddr_in address = local_address(port);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(file, (struct sockaddr *)&address, sizeof address) || listen(file, BACKLOG)) {
        fail("listen");
    }
    return file;
}

/* Read a request up to its end. Return 0, or -1 where none comes. */
static int
read_request(int file)
{
    static const char HEAD_END[] = "\r\n\r\n";
    struct timeval patience = {.tv_sec = REQUEST_SECONDS};
    char request[4096];
    size_t length = 0;
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    do {
        ssize_t received = recv(file, request + length, sizeof request - length, 0);
        if (received <= 0) {
            return -1;
        }
        length += (size_t)received;
    } while (memmem(request, length, HEAD_END, strlen(HEAD_END)) == NULL);
    return 0;
}

void
welcome(int listener, const char *accept_value)
{
    int file = accept(listener, NULL, NULL), on = 1;
    if (file < 0) {
        return;
    }
    char answer[256];
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accept_value);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (count == MOST_CLIENTS || read_request(file) || send(file, answer, (size_t)size, MSG_NOSIGNAL) != size) {
        close(file);
        return;
    }
    clients[count++] = (Client){.file = file};
}
