/* address.c - where to listen, and under which names we may be asked. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "pilot/text.h"
#include "room.h"

enum { BACKLOG = 512 };

static pilot_status_t refuse_form(const char *listen, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_USAGE,
                           "--listen: '%s' is no address; give ADDRESS:PORT, such as "
                           "127.0.0.1:8080 or [::1]:8080",
                           listen);
}

/* "host:port", "[v6]:port" or "port".  Caller frees *ret_host. */
static bool split_address(const char *listen, char **ret_host, const char **ret_port)
{
    const char *end = strchr(listen, ']');
    if (listen[0] == '[') {
        if (!end || end[1] != ':' || end == listen + 1)
            return false;
        *ret_host = pilot_strndup(listen + 1, (size_t)(end - listen - 1));
        *ret_port = end + 2;
        return true;
    }
    const char *colon = strchr(listen, ':');
    if (colon && (colon == listen || strchr(colon + 1, ':')))
        return false;
    *ret_host = colon ? pilot_strndup(listen, (size_t)(colon - listen)) : pilot_strdup("127.0.0.1");
    *ret_port = colon ? colon + 1 : listen;
    return true;
}

static bool is_port(const char *port)
{
    int64_t number = 0;
    size_t length = strlen(port);
    return length > 0 && length <= 5 && strspn(port, "0123456789") == length &&
           pilot_int64_parse(port, length, &number) && number <= 65535;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static int listen_on(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void describe(http_address_t *address)
{
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof bound;
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    getsockname(address->socket, (struct sockaddr *)&bound, &length);
    getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    address->loopback = is_loopback((struct sockaddr *)&bound);
    address->url =
        pilot_format(bound.ss_family == AF_INET6 ? "http://[%s]:%s/" : "http://%s:%s/", host, port);
}

pilot_status_t http_address_listen(const char *listen, http_address_t *ret_address,
                                   pilot_error_t *error)
{
    char *host PILOT_AUTOFREE = NULL;
    const char *port = NULL;
    if (!split_address(listen, &host, &port) || !is_port(port))
        return refuse_form(listen, error);
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    int wrong = getaddrinfo(host, port, &hints, &found);
    if (wrong)
        return pilot_error_set(error, PILOT_E_USAGE, "--listen: there is no host '%s': %s", host,
                               gai_strerror(wrong));
    int fd = -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = listen_on(at);
    int why = errno;
    freeaddrinfo(found);
    if (fd < 0)
        return pilot_error_set(
            error, PILOT_E_USAGE, "--listen: cannot listen on %s: %s%s", listen, strerror(why),
            why == EADDRINUSE ? "; another program has it: give another port" : "");
    ret_address->socket = fd;
    describe(ret_address);
    return PILOT_OK;
}

/* ---- names -------------------------------------------------------------------------------------
 */

/* The name in "name:port" or "[v6]:port"; false when it is none. */
static bool name_of(const char *host, char *name, size_t size)
{
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (length == 0 || length > strlen(host) || length >= size)
        return false;
    const char *port = host + length;
    if (*port && (*port != ':' || !is_port(port + 1)))
        return false;
    memcpy(name, host, length);
    name[length] = '\0';
    if (length > 1 && name[length - 1] == '.')
        name[length - 1] = '\0'; /* the root of names, written out */
    return true;
}

static bool is_in_list(const char *name, const char *list)
{
    size_t length = strlen(name);
    while (list && *list) {
        size_t item = strcspn(list, ",");
        if (item == length && strncasecmp(list, name, length) == 0)
            return true;
        list += item + (list[item] == ',');
    }
    return false;
}

static bool is_local_name(const char *name)
{
    static const char suffix[] = ".localhost";
    size_t length = strlen(name);
    return strcasecmp(name, "localhost") == 0 ||
           (length >= sizeof suffix &&
            strcasecmp(name + length - (sizeof suffix - 1), suffix) == 0);
}

/* An address written out: no one else's name can lead here under it. */
static bool is_literal(const char *name, bool *ret_loopback)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, name, &four.sin_addr) == 1) {
        *ret_loopback = is_loopback((struct sockaddr *)&four);
        return true;
    }
    size_t length = strlen(name);
    char inner[64];
    if (name[0] != '[' || length < 4 || length - 2 >= sizeof inner)
        return false;
    memcpy(inner, name + 1, length - 2);
    inner[length - 2] = '\0';
    if (inet_pton(AF_INET6, inner, &six.sin6_addr) != 1)
        return false;
    *ret_loopback = is_loopback((struct sockaddr *)&six);
    return true;
}

bool http_host_is_ours(const char *host, bool loopback, const char *hosts)
{
    char name[256];
    if (!host || !name_of(host, name, sizeof name))
        return false;
    bool here = false;
    if (is_in_list(name, hosts) || is_local_name(name))
        return true;
    if (is_literal(name, &here))
        return here || !loopback;
    return !loopback && !hosts;
}
