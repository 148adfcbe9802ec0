/* Messages from a list of Redis. */

#ifndef REDIS_H
#define REDIS_H

enum { LONGEST_NAME = 64 };

/* Return the connection, on which messages have been asked for. */
int connect_to_redis(const char *port, const char *list);

/* Push what has come, each message to the client whose place is its user_id, or to all. A lone one is noted only. */
void take_replies(int redis, const char *list);

#endif
