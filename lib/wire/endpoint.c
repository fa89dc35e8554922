/* Which endpoints may be used while frames are not encrypted. */
#include "pilot/wire.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pilot/memory.h"

#define IPC_PREFIX "ipc://"
#define TCP_PREFIX "tcp://"
enum { IPC_PATH_BYTES = 107 }; /* sun_path with its NUL */

static bool has_prefix(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* 1..65535, or 0 when it is no port. */
static unsigned parse_port(const char *text)
{
    unsigned port = 0;
    size_t length = strlen(text);
    if (!length || length > 5 || strspn(text, "0123456789") != length)
        return 0;
    for (; *text; text++)
        port = port * 10 + (unsigned)(*text - '0');
    return port <= 65535 ? port : 0;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    if (!strcmp(host, "localhost") || !strcmp(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

pilot_status_t pilot_wire_endpoint_allowed(const char *endpoint, pilot_error_t *error)
{
    if (has_prefix(endpoint, IPC_PREFIX)) {
        size_t length = strlen(endpoint + strlen(IPC_PREFIX));
        if (length && length <= IPC_PATH_BYTES)
            return PILOT_OK;
        return pilot_error_set(error, PILOT_E_USAGE,
                               "%s: the path must have 1 to %d bytes; choose a shorter folder",
                               endpoint, IPC_PATH_BYTES);
    }
    const char *colon = strrchr(endpoint, ':');
    if (!has_prefix(endpoint, TCP_PREFIX) || colon < endpoint + strlen(TCP_PREFIX) ||
        !parse_port(colon + 1))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "%s: not an endpoint; write ipc:///path/to/socket or "
                               "tcp://127.0.0.1:PORT",
                               endpoint);
    const char *host = endpoint + strlen(TCP_PREFIX);
    PILOT_AUTOFREE char *name = pilot_strndup(host, (size_t)(colon - host));
    if (is_loopback(name))
        return PILOT_OK;
    return pilot_error_set(
        error, PILOT_E_USAGE,
        "%s: only ipc: and loopback (127.0.0.0/8, [::1], localhost) are allowed, "
        "because frames are not encrypted in this version",
        endpoint);
}

bool pilot_wire_endpoint_busy(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = endpoint + strlen(IPC_PREFIX);
    if (!has_prefix(endpoint, IPC_PREFIX) || strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (path[0] == '@') /* ZeroMQ writes an abstract name so */
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool busy = !connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return busy;
}
