/* Clients in the order of their arrival, and the one payload that is pushed to them. */

#ifndef CLIENTS_H
#define CLIENTS_H

#include <netinet/in.h>
#include <stddef.h>

enum { MOST_BYTES = 65535 }; /* of a payload: its length takes 16 bits of a frame's head */

/* The next message is written here. */
extern char *const payload;

/* Return the number of clients so far, those that have gone included. */
size_t client_count(void);

/* Push the payload of that length as one frame. A client without room misses it. */
void push_to_all(size_t length);
void push_to(size_t place, size_t length);

/* Return a listening socket, which does not block. */
int listen_on(const char *port);

/* Accept and upgrade a connection. Those that end before, and those beyond the room for them, are closed. */
void welcome(int listener, const char *accept_value);

struct sockaddr_in local_address(const char *port);

/* End with the system's reason. */
_Noreturn void fail(const char *what);

#endif
