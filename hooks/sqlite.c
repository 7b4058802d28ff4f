/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming-sqlite: libsqlite3, in a process of its own. Not for people: the hook and the runtime
 * execute it with an empty environment, for containers of podman 5 alone.
 *
 *   coaming-sqlite podman DATABASE ID   print the config that podman keeps of a container;
 *                                       nothing where it knows none of that id
 *
 * MUST only read. podman writes ahead (WAL), so that a reader waits for nobody; where the database
 * is locked all the same, it waits LOCK_WAIT_MSEC and then says so.
 */
#include <errno.h>
#include <sqlite3.h>

#include "lib/own.h"

#define LOCK_WAIT_MSEC 2000
/* Beyond it a value is an error of the library's. */
#define VALUE_MAX (16 << 20)

static const struct own_limit limits[] = { { RLIMIT_CPU, 3 },
					   { RLIMIT_CORE, 0 },
					   { RLIMIT_FSIZE, VALUE_MAX } };

static int failed(sqlite3 *db, const char *path, struct err *err)
{
	return err_system(err, EIO, "%s: %s", Q(path), db ? sqlite3_errmsg(db) : "out of memory");
}

static int open_database(const char *path, sqlite3 **ret, struct err *err)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, ret, flags, NULL) != SQLITE_OK)
		return failed(*ret, path, err);
	(void)sqlite3_limit(*ret, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	if (sqlite3_busy_timeout(*ret, LOCK_WAIT_MSEC) != SQLITE_OK ||
	    sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
		return failed(*ret, path, err);
	return 0;
}

static int print_row(sqlite3 *db, sqlite3_stmt *statement, const char *path, struct err *err)
{
	const void *text;
	size_t len;
	int step = sqlite3_step(statement);

	if (step == SQLITE_DONE)
		return 0;
	if (step != SQLITE_ROW)
		return failed(db, path, err);
	text = sqlite3_column_blob(statement, 0);
	len = (size_t)sqlite3_column_bytes(statement, 0);
	if (len == 0 || fwrite(text, 1, len, stdout) != len || fflush(stdout) != 0)
		return err_system(err, EIO, "%s: cannot hand over what is kept of the container",
				  Q(path));
	return 0;
}

static int print_config(sqlite3 *db, const char *path, const char *id, struct err *err)
{
	static const char query[] = "SELECT JSON FROM ContainerConfig WHERE ID = ?1";
	sqlite3_stmt *statement = NULL;
	int r;

	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC) != SQLITE_OK)
		r = failed(db, path, err);
	else
		r = print_row(db, statement, path, err);
	(void)sqlite3_finalize(statement);
	return r;
}

static int run(const char *path, const char *id, struct err *err)
{
	sqlite3 *db = NULL;
	int r;

	r = own_limits(limits, ARRAY_SIZE(limits), err);
	/* The database is the caller's own: no capability is needed to read it. */
	if (r == 0)
		r = own_capabilities(0, err);
	if (r == 0)
		r = open_database(path, &db, err);
	if (r == 0)
		r = print_config(db, path, id, err);
	(void)sqlite3_close(db);
	return r;
}

/* For people and `coaming doctor`, which looks for the text in the file. */
static int print_version(void)
{
	(void)fputs("coaming-sqlite ", stdout);
	return puts(COAMING_VERSION) < 0 || fflush(stdout) != 0 ? ERR_SYSTEM : 0;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc == 2 && streq(argv[1], "--version"))
		return print_version();
	if (argc != 4 || !streq(argv[1], "podman"))
		(void)err_input(
			&err, EINVAL,
			"coaming-sqlite is executed by coaming's hooks: podman DATABASE ID");
	else
		(void)run(argv[2], argv[3], &err);
	if (err.class == ERR_NONE)
		return 0;
	(void)fprintf(stderr, "%s\n", err.text);
	return (int)err.class;
}
