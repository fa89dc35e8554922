/* store/cluster_private.h - what the files of the private cluster share. */
#ifndef PILOT_STORE_CLUSTER_PRIVATE_H
#define PILOT_STORE_CLUSTER_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "pilot/cluster.h"
#include "pilot/text.h"

/* Everything lies in DIR:
 *   postgresql/   the cluster (postgresql.new/ while initdb makes it)
 *   log/          postgresql.log, and the daemons' logs
 *   users         shared lock of every command that uses the cluster
 *   change        exclusive lock of the one that creates, starts or stops it
 *   kept          there while `pilot up` keeps the server (holds the boot it is of) */
struct pilot_cluster {
    char *dir;      /* absolute, no symbolic links */
    char *data_dir; /* DIR/postgresql */
    bool made_dir;  /* DIR was not there */
    char *run_dir;
    char *conninfo;
    char *bin_dir;
    int users_fd, change_fd;
    int interrupt_fd;
    uid_t server_uid; /* whom PostgreSQL runs as */
    gid_t server_gid;
    char *server_user;
    pid_t server_child; /* 0: not started by this process */
    bool is_up;         /* the server of this data has answered us */
};

#define PILOT_CLUSTER_PORT "5432"

/* ---- folders (cluster_folder.c) ---- */

/* Make DIR if need be and check that it is ours to use; fills dir, data_dir. */
pilot_status_t pilot_cluster_find_dir(pilot_cluster_t *cluster, const char *dir,
                                      pilot_error_t *error);
/* Whom PostgreSQL runs as: the caller; as root the owner of the data, or `postgres`, who must be
 * able to enter DIR. */
pilot_status_t pilot_cluster_find_user(pilot_cluster_t *cluster, pilot_error_t *error);
/* Make or check the folder of the sockets; fills run_dir. */
pilot_status_t pilot_cluster_find_run_dir(pilot_cluster_t *cluster, pilot_error_t *error);
pilot_status_t pilot_cluster_check_run_dir(const pilot_cluster_t *cluster, const char *run_dir,
                                           bool create, pilot_error_t *error);
/* A folder of the server's user, 0700. */
pilot_status_t pilot_cluster_make_folder(const char *path, uid_t uid, gid_t gid,
                                         pilot_error_t *error);
/* Root in a user's directory leaves nothing that the user cannot open. */
void pilot_cluster_hand_over(const pilot_cluster_t *cluster, const char *path);
void pilot_cluster_remove_tree(const char *path);

/* ---- processes (cluster_process.c) ---- */

/* Start a program as the server's user, in a session of its own, with a clean environment, no
 * input, output to log_fd and no other descriptor.  bound: it dies with this process.
 * 0 when it cannot. */
pid_t pilot_cluster_spawn(const pilot_cluster_t *cluster, const char *const *argv, int input_fd,
                          int log_fd, bool bound);
/* Sleep; PILOT_E_INTERRUPTED when the interrupt fd speaks. */
pilot_status_t pilot_cluster_sleep(const pilot_cluster_t *cluster, int ms, pilot_error_t *error);
/* Wait for a child; on interruption its process group is killed. */
pilot_status_t pilot_cluster_wait(const pilot_cluster_t *cluster, pid_t child, int *ret_exit,
                                  pilot_error_t *error);
/* Output of a short command; false when it fails. */
bool pilot_cluster_read_command(const char *const *argv, pilot_text_t *output);

/* ---- programs (cluster_programs.c) ---- */

/* The folder of PostgreSQL's programs: major version that the data has, or the newest one. */
pilot_status_t pilot_cluster_find_programs(pilot_cluster_t *cluster, pilot_error_t *error);

/* ---- server (cluster_server.c) ---- */

pilot_status_t pilot_cluster_create(pilot_cluster_t *cluster, pilot_error_t *error);
/* Is a server alive on this data?  Takes over its socket folder as run_dir. */
bool pilot_cluster_is_running(pilot_cluster_t *cluster);
pilot_status_t pilot_cluster_start(pilot_cluster_t *cluster, pilot_error_t *error);
void pilot_cluster_stop(pilot_cluster_t *cluster);
/* conninfo for the present run_dir. */
void pilot_cluster_set_conninfo(pilot_cluster_t *cluster);

#endif
