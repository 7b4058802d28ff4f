/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which labels count for what: an image's own exempt nobody and name no profile.
 */
#include "profiles/select.h"

#include "lib/file.h"
#include "tests/unit/place.h"

static const char config[] =
	"{\"exempt\": [{\"labelSelector\": {\"matchLabels\": {\"tier\": \"infra\"}}, "
	"\"reason\": \"r\"}], \"profileDirs\": [\"/nonexistent\"], \"defaultProfile\": null}";

static void write_config(const struct place *p, char path[128])
{
	_cleanup_close_ int dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	(void)snprintf(path, 128, "%s/coaming.json", p->dir);
	assert_int_equal(file_write_atomic(dirfd, "coaming.json", config, strlen(config), 0600,
					   (uid_t)-1, (gid_t)-1, false, &err),
			 0);
}

static bool is_exempt(const char *path, enum label_source source)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_store_ struct store *store = NULL;
	struct labels labels = { 0 };
	struct selection selection = { 0 };
	struct err err = { 0 };
	bool exempt;

	assert_int_equal(host_load(path, &host, &err), 0);
	assert_int_equal(store_open(host, &store, &err), 0);
	assert_int_equal(labels_set(&labels, "tier", "infra", source, NULL, &err), 0);
	assert_int_equal(labels_set(&labels, "z", "1", LABEL_FROM_ANNOTATION, NULL, &err), 0);
	assert_int_equal(select_profiles(host, store, &labels, &selection, &err), 0);
	exempt = selection.exempt;
	selection_done(&selection);
	labels_done(&labels);
	return exempt;
}

static void test_exempt(void **state)
{
	char path[128];

	write_config(*state, path);
	assert_true(is_exempt(path, LABEL_FROM_ANNOTATION));
	assert_true(is_exempt(path, LABEL_FROM_ENGINE));
	assert_false(is_exempt(path, LABEL_FROM_IMAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exempt, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
