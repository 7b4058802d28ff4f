/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd's configuration files set, drop-ins merged in systemd's order.
 *
 * Every assignment is kept: systemd passes over one that it cannot read, so that the last that
 * can be read counts.
 *
 * Source: systemd.syntax(7); systemd.unit(5), "Unit File Load Path"; journald.conf(5)
 */
#ifndef COAMING_CLI_SETTINGS_H
#define COAMING_CLI_SETTINGS_H

#include "lib/err.h"

struct setting {
	char *name, *value; /* as written, without the spaces around */
	const char *file;   /* borrowed from settings.files */
};

struct settings {
	struct setting *v;
	size_t n;
	char **files; /* in the order in which they were read */
	size_t n_files;
};

void settings_done(struct settings *settings);
#define _cleanup_settings_ _cleanup_(settings_done)

/* Add a text's assignments in [section]; nothing else is looked at. `file` is copied. */
int settings_parse(struct settings *settings, const char *file, const char *text, size_t len,
		   const char *section, struct err *err);

/* "journald.conf" and its drop-ins: the first main file of /etc, /run, /usr/local/lib and /usr/lib,
 * then every *.conf by name, where an earlier directory's hides one of the same name. */
int settings_read_conf(struct settings *settings, int root_fd, const char *name,
		       const char *section, struct err *err);

/*
 * A unit and its drop-ins, those of its type (service.d) among them.
 *
 * Returns  1 read; 0 there is no such unit, or it is masked
 */
int settings_read_unit(struct settings *settings, int root_fd, const char *unit,
		       const char *section, struct err *err);

/*
 * The value that counts. Each leaves *ret as it is, and returns NULL, where none was set that can
 * be read; else the setting.
 */
const struct setting *settings_text(const struct settings *settings, const char *name,
				    const char **ret);
/* "30s", "1month 2days", "5": seconds. "infinity" is UINT64_MAX. */
const struct setting *settings_usec(const struct settings *settings, const char *name,
				    uint64_t *ret);
/* "8G", "1.5M", "4096": to the base of 1024. */
const struct setting *settings_bytes(const struct settings *settings, const char *name,
				     uint64_t *ret);
const struct setting *settings_number(const struct settings *settings, const char *name,
				      uint64_t *ret);
const struct setting *settings_bool(const struct settings *settings, const char *name, bool *ret);
/* "warning" or "4". journald passes over an empty one, too: tried with systemd 252. */
const struct setting *settings_level(const struct settings *settings, const char *name, int *ret);
/* The place in words. */
const struct setting *settings_word(const struct settings *settings, const char *name,
				    const char *const words[], size_t n, size_t *ret);

/* "warning", of 0 to 7. */
const char *level_name(int level);

#endif
