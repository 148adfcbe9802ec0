/* floor PORT ACCEPT [REDIS_PORT LIST]: the least that a server has to do to push: system calls, and nothing else.
 *
 * Upgrades whoever asks, without a look at the request: ACCEPT is the Sec-WebSocket-Accept of the load client, whose
 * key is always the same (RFC 6455, section 1.3). Makes messages itself, as the orders on stdin say (work.py has their
 * fields), or takes them from a list of Redis. Each is a frame of its own that is sent at once; none are joined. Ends
 * with its stdin.
 */

#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"
#include "redis.h"

static const double CATCH_UP = 0.050; /* seconds, see work.py */
static const double IDLE = 3600.0;

/* See work.py. `number` is that of the next message since `begun`. */
typedef struct {
    double rate;
    int size;
    bool is_own;
    double begun;
    int64_t number;
} Order;

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Make a message of about that size, stamped with the time. Return its length. */
static size_t
make_message(int size, int64_t number)
{
    static const char END[] = "\"}";
    int length = snprintf(payload, MOST_BYTES, "{\"type\":\"quote\",\"label\":\"~~~~%lld\",\"number\":%lld,\"rest\":\"",
                          (long long)now_ns(), (long long)number);
    int rest = (size < MOST_BYTES ? size : MOST_BYTES) - length - (int)strlen(END);
    if (rest > 0) {
        memset(payload + length, '4', (size_t)rest);
        length += rest;
    }
    memcpy(payload + length, END, strlen(END));
    return (size_t)length + strlen(END);
}

/* Take an order from stdin, one JSON object a line and never more than one at a time. */
static void
take_order(Order *order)
{
    char line[1024];
    ssize_t length = read(STDIN_FILENO, line, sizeof line - 1);
    if (length <= 0) {
        exit(0);
    }
    line[length] = '\0';
    const char *rate = strstr(line, "\"rate\": "), *size = strstr(line, "\"size\": ");
    if (rate == NULL || size == NULL) {
        fprintf(stderr, "no order: %s\n", line);
        exit(1);
    }
    *order = (Order){
        .rate = strtod(rate + strlen("\"rate\": "), NULL),
        .size = atoi(size + strlen("\"size\": ")),
        .is_own = strstr(line, "\"own\": true") != NULL,
        .begun = (double)now_ns() / 1e9,
    };
}

/* Return the seconds until the next message is due, 0 for one that is; what was missed for too long is forgotten. */
static double
seconds_left(Order *order)
{
    double now = (double)now_ns() / 1e9;
    double missed = (now - order->begun) * order->rate - (double)order->number;
    double most = fmax(1.0, CATCH_UP * order->rate);
    if (missed > most + 1.0) {
        order->begun += (missed - most) / order->rate;
    }
    return fmax(0.0, order->begun + (double)(order->number + 1) / order->rate - now);
}

/* Publish one message, or a round of own ones. */
static void
publish(Order *order)
{
    int64_t number = order->number++;
    if (!order->is_own) {
        push_to_all(make_message(order->size, number));
        return;
    }
    for (size_t i = 0; i < client_count(); i++) {
        push_to(i, make_message(order->size, (int64_t)i));
    }
}

int
main(int count, char **arguments)
{
    if ((count != 3 && count != 5) || (count == 5 && strlen(arguments[4]) > LONGEST_NAME)) {
        fprintf(stderr, "usage: floor PORT ACCEPT [REDIS_PORT LIST]\n");
        return 2;
    }
    const char *list = count == 5 ? arguments[4] : "";
    int redis = count == 5 ? connect_to_redis(arguments[3], list) : -1;
    int listener = listen_on(arguments[1]);
    struct pollfd files[] = {{STDIN_FILENO, POLLIN, 0}, {listener, POLLIN, 0}, {redis, POLLIN, 0}};
    Order order = {.rate = 0.0};
    for (;;) {
        double left = order.rate > 0.0 ? seconds_left(&order) : IDLE;
        struct timespec wait = {.tv_sec = (time_t)left, .tv_nsec = (long)((left - floor(left)) * 1e9)};
        if (ppoll(files, 3, &wait, NULL) < 0 && errno != EINTR) {
            fail("ppoll");
        }
        if (files[0].revents) {
            take_order(&order);
        }
        if (files[1].revents) {
            welcome(listener, arguments[2]);
        }
        if (files[2].revents) {
            take_replies(redis, list);
        }
        if (order.rate > 0.0 && seconds_left(&order) <= 0.0) {
            publish(&order);
        }
    }
}
