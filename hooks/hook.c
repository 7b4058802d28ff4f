/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming-hook [--config FILE] STAGE: an OCI hook, see coaming-hook(8).
 *
 * Reads no environment and nothing from the container's files.
 */
#include <errno.h>

#include "hooks/harden.h"
#include "hooks/stages.h"
#include "hooks/tell.h"

static const struct {
	const char *name;
	stage_fn *run;
} stages[] = {
	{ "precreate", stage_precreate },     { "createRuntime", stage_create_runtime },
	{ "prestart", stage_create_runtime }, /* what createRuntime was called before 1.0.2 */
	{ "poststart", stage_poststart },     { "poststop", stage_poststop },
};

static const char usage[] =
	"usage: coaming-hook [--config FILE] STAGE\n"
	"\n"
	"Serve one stage of a container's life, as an OCI hook. STAGE is one of\n"
	"  precreate      config.json on standard input, the confined one on standard output\n"
	"  createRuntime  container state on standard input; refuses what is not confined\n"
	"  prestart       the same, for runtimes that know no createRuntime\n"
	"  poststart      send records that are still pending to the journal\n"
	"  poststop       record the end, clean up\n"
	"\n"
	"  --config FILE  host configuration instead of " HOST_CONFIG_DEFAULT "\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 yes, 1 refused by policy, 2 wrong use or bad input, 111 system failure.\n"
	"See coaming-hook(8).\n";

struct options {
	const char *config;
	const char *stage;
	bool help, version;
};

static int parse_options(int argc, char **argv, struct options *ret, struct err *err)
{
	struct options options = { 0 };

	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--help") || streq(argv[i], "-h"))
			options.help = true;
		else if (streq(argv[i], "--version"))
			options.version = true;
		else if (streq(argv[i], "--config") && i + 1 < argc)
			options.config = argv[++i];
		else if (starts_with(argv[i], "--config="))
			options.config = argv[i] + strlen("--config=");
		else if (argv[i][0] == '-')
			return err_input(err, EINVAL, "unknown option %s (see coaming-hook --help)",
					 Q(argv[i]));
		else if (options.stage)
			return err_input(err, EINVAL, "%s: one stage only", Q(argv[i]));
		else
			options.stage = argv[i];
	}
	if (!options.stage && !options.help && !options.version)
		return err_input(err, EINVAL, "no stage given (see coaming-hook --help)");
	*ret = options;
	return 0;
}

static int run_stage(const struct options *options, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	const char *names[ARRAY_SIZE(stages)];
	const char *near;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		names[i] = stages[i].name;
		if (!streq(stages[i].name, options->stage))
			continue;
		r = host_load(options->config, &host, err);
		return r < 0 ? r : stages[i].run(host, err);
	}
	near = nearest_word(options->stage, names, ARRAY_SIZE(names));
	return err_input(err, EINVAL, "unknown stage %s%s%s%s", Q(options->stage),
			 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

int main(int argc, char **argv)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct options options = { 0 };
	struct err err = { 0 };
	int r;

	r = harden_hook(&err);
	if (r == 0)
		r = parse_options(argc, argv, &options, &err);
	if (r == 0 && options.help)
		return fputs(usage, stdout) < 0 ? ERR_SYSTEM : 0;
	if (r == 0 && options.version)
		return puts("coaming-hook " COAMING_VERSION) < 0 ? ERR_SYSTEM : 0;
	if (r == 0)
		r = run_stage(&options, &err);
	if (r == 0)
		return 0;
	buf_addf(&text, "coaming-hook: %s%s%s", options.stage ? options.stage : "",
		 options.stage ? ": " : "", err.text);
	if (buf_status(&text) == 0) {
		(void)fprintf(stderr, "%s\n", text.data);
		/* The other stages' callers may be an engine, or come when nobody listens. */
		if (options.stage &&
		    (streq(options.stage, "createRuntime") || streq(options.stage, "prestart")))
			tell_runtime(text.data);
	}
	return err.class == ERR_NONE ? ERR_SYSTEM : (int)err.class;
}
