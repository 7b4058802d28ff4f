/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming generate: profiles from what is known of containers before they run, see
 * coaming-generate(1).
 *
 * Three steps: each kind of input becomes subjects (generate_image.c, generate_config.c,
 * generate_compose.c); generate_needs.c finds who talks to whom among them; generate_draft.c
 * writes a profile of each, with the reason of every line.
 */
#ifndef COAMING_CLI_GENERATE_H
#define COAMING_CLI_GENERATE_H

#include "lib/buf.h"
#include "profiles/host.h"
#include "profiles/recognise.h"

#define SUBJECTS_MAX 1000 /* no file or command line has more */

/* A port on which one is reached. */
struct offered {
	struct port port;
	bool published; /* also from outside the host */
	char *why;
};

/* One connects to another. */
struct need {
	size_t to;         /* index of the subject */
	struct port *port; /* as the address says; NULL: all that the other offers */
	bool guessed;
	char *why;
};

/* A host elsewhere. */
struct outside {
	struct port port;
	char *why;
};

enum subject_net {
	SUBJECT_NET_OWN,
	SUBJECT_NET_HOST,
	SUBJECT_NET_NONE,
	SUBJECT_NET_OTHERS, /* of subject net_of */
};

struct subject {
	char *name;   /* of the profile to be */
	char *called; /* the service, the container, the image */
	char *where;  /* "compose.yaml:3:3" */
	char *image;  /* NULL: not known */
	struct labels labels;
	char **argv;
	size_t n_argv;
	char **environment; /* "NAME=value" */
	size_t n_environment;
	struct offered *ports;
	size_t n_ports;
	char **volumes; /* paths on which something is mounted */
	size_t n_volumes;
	struct writable *tmpfs;
	size_t n_tmpfs;
	char **networks; /* names; two subjects that share one reach each other */
	size_t n_networks;
	char **names; /* under which others reach it */
	size_t n_names;
	char *user; /* NULL: not known */
	enum subject_net net;
	size_t net_of;
	bool read_only, is_privileged, has_devices;
	uint64_t caps_added, caps_dropped;
	uint64_t pids, memory_bytes; /* 0: not said */
	/* Labels by which its container is known; none: by its image, or by name alone. */
	char **keys, **values;
	size_t n_keys, n_values;
	bool matches_image;
	struct need *needs;
	size_t n_needs;
	struct outside *outside;
	size_t n_outside;
	char **notes; /* what a person has to know */
	size_t n_notes;
	struct recognition recognition;
};

struct subjects {
	struct subject *v;
	size_t n;
	bool is_set;   /* they are all there is: nobody else is let in but by published ports */
	bool is_given; /* environments are what users wrote, not what images come with */
};

void subjects_done(struct subjects *subjects);
#define _cleanup_subjects_ _cleanup_(subjects_done)

/* A new one, zeroed, with these texts; *ret is borrowed and moves with the next. */
int subject_add(struct subjects *subjects, const char *called, const char *where,
		struct subject **ret, struct err *err);
/* why is copied. A port that is there already becomes published where one of both is. */
int subject_add_port(struct subject *s, const struct port *port, bool published, const char *why,
		     struct err *err);
int subject_add_tmpfs(struct subject *s, const char *path, uint64_t size_bytes, struct err *err);
/* Is a path this one, or below it? */
bool subject_path_is_below(const char *path, const char *above);
/* Is something mounted on a path, or above it? */
bool subject_is_mounted(const struct subject *s, const char *path);
int subject_note(struct subject *s, struct err *err, const char *fmt, ...) _printf_(3, 4);
int subject_add_key(struct subject *s, const char *key, const char *value, struct err *err);
/* "80", "80/udp", "8000-8010": -EINVAL with no error text where it is none. */
int subject_port_parse(const char *text, struct port *ret);
/* A profile's name of any text: "My_App" is my-app. "" where nothing of it can stay. */
void subject_name(char out[PROFILE_NAME_MAX + 1], const char *text);
/* The text of a scalar, also of a number or a boolean; NULL of another. */
const char *scalar_text(const struct node *node);

/*
 * An image's config: as image-spec has it, or as docker and podman inspect print it.
 *
 * image   as the command line calls it, or NULL
 * Errors  -EBADMSG with the place
 */
int generate_read_image(const struct doc *doc, const char *image, struct subjects *subjects,
			struct err *err);
/* A container's config.json. */
int generate_read_config(const struct doc *doc, const char *image, struct subjects *subjects,
			 struct err *err);
/* A container that coaming knows, by its name or the beginning of its id. */
int generate_read_container(const struct host *host, const char *id, struct subjects *subjects,
			    struct err *err);
/*
 * A compose file.
 *
 * project  as the command line calls it; NULL: its "name", else the directory's
 * Errors   -EBADMSG with the place
 */
int generate_read_compose(const struct doc *doc, const char *project, struct subjects *subjects,
			  struct err *err);

/* Add the ports on which commands and environments tell programs to listen. */
int generate_find_ports(struct subjects *subjects, struct err *err);
/* Which model each is of; `model` not NULL: this one. */
int generate_recognise(const struct models *models, const struct model *model,
		       struct subjects *subjects, struct err *err);
/* Add the needs that addresses in environments and commands tell of, and leave out those between
 * data classes, and between what the host keeps apart ("separate"). */
int generate_find_needs(const struct host *host, struct subjects *subjects, struct err *err);

/* Why a line of a profile is there. */
struct reason {
	char *where; /* "network.ingress[0]" */
	char *what;  /* "tcp 80, 443 for anybody" */
	char *why;
	bool guessed;
};

struct draft {
	struct buf json; /* the profile, that profile_parse() takes */
	struct reason *v;
	size_t n;
};

void draft_done(struct draft *draft);
#define _cleanup_draft_ _cleanup_(draft_done)

/*
 * Write the profile of subject i. Pure.
 *
 * models  of whose functions the ports are looked up, where only those are known
 * Errors  -ENOMEM; -EBADMSG what was written is no profile, which is a bug
 */
int generate_draft(const struct subjects *subjects, size_t i, const struct models *models,
		   const struct taxonomy *taxonomy, struct draft *ret, struct err *err);

#endif
