/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/labels*.c: each engine's records in files as the engine lays them out, whole and not.
 */
#include "hooks/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "tests/unit/place.h"

#define ID    "7241ab738b2d2729fa432db3dc5ef300b993789e71944828dbcdf6f00f0afc9a"
#define IMAGE "8cf1f30f8e36a22a772fae6c5c4fb0b94a91120bf5bdc87c08d75106715d1a0a"
/* Of the image in containerd's database. */
#define DIGEST "c0e6562b485a46466115ed7c0b8a06e2edeeac09884b7449b474aa2ad6a7d0e0"

struct found {
	struct identity identity;
	struct labels labels;
	struct err err;
};

static void found_done(struct found *found)
{
	identity_done(&found->identity);
	labels_done(&found->labels);
}

/* path below the place, its directories made. */
static void put(const struct place *place, const char *path, const void *data, size_t len)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s/%s", place->dir, path);
	for (char *s = full + strlen(place->dir) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
		*s = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	(void)close(fd);
}

static void put_text(const struct place *place, const char *path, const char *text)
{
	put(place, path, text, strlen(text));
}

static void put_copy(const struct place *place, const char *path, const char *from)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t len;

	assert_int_equal(file_read(AT_FDCWD, from, FILE_MAX_BYTES, &text, &len, &err), 0);
	put(place, path, text, len);
}

static int find(const char *config, const char *id, const char *bundle, const struct host *host,
		struct found *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct labels_request request = { .host = host, .bundle = bundle };
	int r;

	*ret = (struct found){ 0 };
	assert_int_equal(doc_parse(&doc, "config.json", config, strlen(config), &ret->err), 0);
	request.config = doc;
	assert_int_equal(identity_find(doc, id, bundle, &ret->identity, &ret->err), 0);
	r = labels_find(&request, &ret->identity, &ret->labels, &ret->err);
	if (r < 0) {
		assert_null(ret->labels.v);
		assert_true(ret->err.text[0]);
	}
	return r;
}

static void assert_label(const struct found *found, const char *key, const char *value,
			 enum label_source source)
{
	const struct label *label = labels_get(&found->labels, key);

	if (!label)
		fail_msg("no label %s", key);
	assert_string_equal(label->value, value);
	assert_int_equal(label->source, source);
}

static void assert_says(const struct found *found, const char *text)
{
	if (!strstr(found->err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", found->err.text, text);
}

/* ---- Docker ---- */

#define MOBY    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" ID
#define RECORD  "data/containers/" ID "/config.v2.json"
#define IMAGEDB "data/image/overlay2/imagedb/content/sha256/" IMAGE

static const char docker_record[] =
	"{\"ID\":\"" ID "\",\"Name\":\"/shop\",\"Image\":\"sha256:" IMAGE
	"\",\"Driver\":\"overlay2\",\"Config\":{\"Image\":\"shop:1\",\"Labels\":{\"tier\":\"web\","
	"\"vendor\":\"x\",\"io.coaming.profile\":\"evil\"}},\"Limit\":18446744073709551615}";

static int find_docker(const struct place *place, struct found *ret)
{
	char config[1024];

	(void)snprintf(config, sizeof(config),
		       "{\"root\": {\"path\": \"%s/data/overlay2/abc/merged\"}}", place->dir);
	return find(config, ID, MOBY, &(struct host){ 0 }, ret);
}

static void test_docker(void **state)
{
	const struct place *place = *state;
	_cleanup_(found_done) struct found found = { 0 };

	put_text(place, RECORD, docker_record);
	put_text(place, IMAGEDB,
		 "{\"config\":{\"Labels\":{\"vendor\":\"x\",\"tier\":\"other\","
		 "\"io.coaming.profile\":\"evil\"}}}");
	if (find_docker(place, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_string_equal(found.identity.name, "shop");
	assert_string_equal(found.identity.image, "shop:1");
	assert_string_equal(found.identity.image_id, "sha256:" IMAGE);
	assert_null(found.identity.image_digest);
	assert_label(&found, "tier", "web", LABEL_FROM_ENGINE);
	assert_label(&found, "vendor", "x", LABEL_FROM_IMAGE);
	assert_int_equal(found.labels.n, 2);
	assert_int_equal(found.labels.n_dropped, 1);
}

/* F57, and an image that would hide its labels from us and not from Docker. */
static void test_docker_unreadable(void **state)
{
	static const struct {
		const char *record, *image, *says;
	} rows[] = {
		{ "", "{}", "config.v2.json:1:1" },
		{ "{\"ID\":\"" ID "\",\"Config\":{\"Lab", "{}", "config.v2.json" },
		{ "{\"ID\":\"0000\",\"Config\":{}}", "{}", "is of another container" },
		{ "{\"ID\":\"" ID "\"}", "{}", "no \"Config\"" },
		{ "{\"ID\":\"" ID "\",\"Config\":{\"Labels\":[]}}", "{}", "expected an object" },
		{ "{\"ID\":\"" ID "\",\"Config\":{\"Labels\":{\"a\":1}}}", "{}",
		  "expected a string" },
		{ "{\"ID\":\"" ID "\",\"Config\":{\"Labels\":{\"a\":\"b\"}},\"Driver\":\"x\"}",
		  "{}", "no image is named" },
		{ "{\"ID\":\"" ID
		  "\",\"Config\":{\"Labels\":{\"a\":\"b\"}},\"Image\":\"sha256:" IMAGE
		  "\",\"Driver\":\"../x\"}",
		  "{}", "no storage driver is named" },
		{ docker_record, "{\"config\":{\"labels\":{\"vendor\":\"x\"}}}", "Labels" },
		{ docker_record, "{\"config\":{\"Labels\":{\"vendor\":7}}}", "expected a string" },
		{ docker_record, "{", "which of them are the image's" },
		{ docker_record, NULL, "which of them are the image's: cannot open" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct place *place = *state;
		_cleanup_(found_done) struct found found = { 0 };
		char image[PATH_MAX];

		put_text(place, RECORD, rows[i].record);
		(void)snprintf(image, sizeof(image), "%s/" IMAGEDB, place->dir);
		if (rows[i].image)
			put_text(place, IMAGEDB, rows[i].image);
		else
			assert_int_equal(unlink(image), 0);
		assert_true(find_docker(place, &found) < 0);
		assert_says(&found, "the labels that Docker keeps cannot be read: ");
		assert_says(&found, rows[i].says);
	}
}

static void test_docker_places(void **state)
{
	const struct place *place = *state;
	char root[PATH_MAX], path[PATH_MAX];
	struct host host = { .engines.docker_data_root = root };
	_cleanup_(found_done) struct found found = { 0 };

	(void)snprintf(root, sizeof(root), "%s/nowhere", place->dir);
	assert_int_equal(find("{}", ID, MOBY, &host, &found), -ENOENT);
	assert_says(&found, "/nowhere/containers/" ID "/config.v2.json");
	assert_says(&found, "give it as engines.docker.dataRoot in coaming.json)");
	found_done(&found);
	(void)snprintf(root, sizeof(root), "%s/data", place->dir);
	/* Without labels the image is not asked. */
	put_text(place, RECORD, "{\"ID\":\"" ID "\",\"Config\":{\"Labels\":null}}");
	assert_int_equal(find("{}", ID, MOBY, &host, &found), 0);
	found_done(&found);
	assert_int_equal(find("{}", "../../x", MOBY, &host, &found), -EINVAL);
	found_done(&found);
	(void)snprintf(path, sizeof(path), "%s/" RECORD, place->dir);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(find("{}", ID, MOBY, &host, &found), -EPERM);
	assert_says(&found, "may be written by others than root");
	found_done(&found);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_true(find("{}", ID, MOBY, &host, &found) < 0);
}

/* ---- podman 4 ---- */

#define ITEM                                                                                       \
	"=c2hhMjU2OjhjZjFmMzBmOGUzNmEyMmE3NzJmYWU2YzVjNGZiMGI5NGE"                                 \
	"5MTEyMGJmNWJkYzg3YzA4ZDc1MTA2NzE1ZDFhMGE="
#define IMAGE_DIR "storage/overlay-images/" IMAGE

static void podman_bundle(const struct place *place, char out[PATH_MAX])
{
	put_copy(place, "storage/libpod/bolt_state.db", "tests/fuzz/corpus/bolt/podman.db");
	(void)snprintf(out, PATH_MAX, "%s/storage/overlay-containers/" ID "/userdata", place->dir);
}

static const char podman_config[] = "{\"annotations\": {\"io.container.manager\": \"libpod\"}}";

static void test_podman(void **state)
{
	const struct place *place = *state;
	_cleanup_(found_done) struct found found = { 0 };
	char bundle[PATH_MAX], config[PATH_MAX + 512];

	podman_bundle(place, bundle);
	put_text(place, IMAGE_DIR "/" ITEM, "{\"config\":{\"Labels\":{\"tier\":\"web\"}}}");
	put_text(place, IMAGE_DIR "/manifest", "abc");
	if (find(podman_config, ID, bundle, &(struct host){ 0 }, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_string_equal(found.identity.name, "c1");
	assert_string_equal(found.identity.image, "localhost/busybox:latest");
	assert_string_equal(found.identity.image_id, "sha256:" IMAGE);
	assert_string_equal(
		found.identity.image_digest,
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_label(&found, "n", "1", LABEL_FROM_ENGINE);
	assert_label(&found, "tier", "web", LABEL_FROM_IMAGE);
	found_done(&found);
	/* A precreate hook is told neither id nor bundle: the config mounts a file from there. */
	(void)snprintf(config, sizeof(config),
		       "{\"annotations\": {\"io.container.manager\": \"libpod\"}, \"linux\": "
		       "{\"cgroupsPath\": \"/libpod-" ID "\"}, \"mounts\": [{\"source\": \"shm\"}, "
		       "{\"source\": \"/x/0000/userdata/shm\"}, {\"source\": \"%s/shm\"}]}",
		       bundle);
	assert_int_equal(find(config, NULL, NULL, &(struct host){ 0 }, &found), 0);
	assert_label(&found, "n", "1", LABEL_FROM_ENGINE);
	found_done(&found);
	/* With --ipc=host it does not; the container's root is below the storage's, too. */
	(void)snprintf(config, sizeof(config),
		       "{\"annotations\": {\"io.container.manager\": \"libpod\"}, \"linux\": "
		       "{\"cgroupsPath\": \"/libpod-" ID "\"}, \"root\": {\"path\": "
		       "\"%s/storage/overlay/abc/merged\"}}",
		       place->dir);
	assert_int_equal(find(config, NULL, NULL, &(struct host){ 0 }, &found), 0);
	assert_label(&found, "n", "1", LABEL_FROM_ENGINE);
}

static void test_podman_unreadable(void **state)
{
	const struct place *place = *state;
	char bundle[PATH_MAX], static_dir[PATH_MAX], other[] = "0" ID;
	struct host host = { 0 };
	_cleanup_(found_done) struct found found = { 0 };

	podman_bundle(place, bundle);
	assert_true(find(podman_config, ID, bundle, &host, &found) < 0);
	assert_says(&found,
		    "the labels that podman keeps cannot be read: which of them are the image's");
	found_done(&found);
	other[LONG_ID_LEN] = '\0';
	assert_int_equal(find(podman_config, other, bundle, &host, &found), -ENOENT);
	assert_says(&found, "engines.podman.graphRoot");
	found_done(&found);
	assert_int_equal(find(podman_config, "short", bundle, &host, &found), -EINVAL);
	found_done(&found);
	(void)snprintf(static_dir, sizeof(static_dir), "%s/libpod", place->dir);
	host.engines.podman_static_dir = static_dir;
	assert_int_equal(find(podman_config, ID, bundle, &host, &found), -ENOENT);
	found_done(&found);
	put_text(place, "libpod/bolt_state.db", "no database");
	assert_int_equal(find(podman_config, ID, bundle, &host, &found), -EBADMSG);
	assert_says(&found, "a damaged bbolt database");
}

/* ---- containerd ---- */

static const char *hex_of(const char *text, char out[SHA256_HEX])
{
	sha256_hex1(out, text, strlen(text));
	return out;
}

static void put_blob(const struct place *place, const char *text, char out[SHA256_HEX])
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "root/io.containerd.content.v1.content/blobs/sha256/%s",
		       hex_of(text, out));
	put_text(place, path, text);
}

/* The digest of the image in the database of the corpus, for which another index is put. */
static void put_index(const struct place *place, const char *digest, const char *text)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "root/io.containerd.content.v1.content/blobs/sha256/%s",
		       digest);
	put_text(place, path, text);
}

static void test_containerd(void **state)
{
	const struct place *place = *state;
	char bundle[PATH_MAX], work[PATH_MAX + 8], target[PATH_MAX], config[SHA256_HEX],
		manifest[SHA256_HEX], text[1024];
	_cleanup_(found_done) struct found found = { 0 };

	put_copy(place, "root/io.containerd.metadata.v1.bolt/meta.db",
		 "tests/fuzz/corpus/bolt/containerd.db");
	(void)snprintf(bundle, sizeof(bundle), "%s/state/io.containerd.runtime.v2.task/default/c1",
		       place->dir);
	put_text(place, "state/io.containerd.runtime.v2.task/default/c1/config.json", "{}");
	(void)snprintf(work, sizeof(work), "%s/work", bundle);
	(void)snprintf(target, sizeof(target), "%s/root/io.containerd.runtime.v2.task/default/c1",
		       place->dir);
	assert_int_equal(symlink(target, work), 0);
	assert_int_equal(find("{}", "c1", bundle, &(struct host){ 0 }, &found), -ENOENT);
	assert_says(&found, "the labels that containerd keeps cannot be read: which of them are");
	assert_string_equal(found.identity.image, "docker.io/library/labelled:1");
	found_done(&found);
	put_blob(place,
		 "{\"config\":{\"Labels\":{\"vendor\":\"x\",\"io.coaming.profile\":\"evil\"}}}",
		 config);
	(void)snprintf(text, sizeof(text), "{\"config\":{\"digest\":\"sha256:%s\"}}", config);
	put_blob(place, text, manifest);
	/* An index: of the two images that it names one is here. */
	(void)snprintf(text, sizeof(text),
		       "{\"manifests\":[{\"digest\":\"sha256:" ID
		       "\"},{\"digest\":\"sha256:%s\"}]}",
		       manifest);
	put_index(place, DIGEST, text);
	if (find("{}", "c1", bundle, &(struct host){ 0 }, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_label(&found, "tier", "web", LABEL_FROM_ENGINE);
	assert_label(&found, "vendor", "x", LABEL_FROM_IMAGE);
	assert_int_equal(found.labels.n_dropped, 1);
	assert_string_equal(found.identity.image_digest, "sha256:" DIGEST);
	assert_int_equal(strncmp(found.identity.image_id + 7, config, sizeof(config)), 0);
}

/* ---- Kubernetes' names ---- */

static void test_crio(void **state)
{
	_cleanup_(found_done) struct found found = { 0 };
	const char *config =
		"{\"annotations\": {\"io.container.manager\": \"cri-o\", "
		"\"io.kubernetes.cri-o.Name\": \"k8s_shop_web-0_prod_6f9c_0\", "
		"\"io.kubernetes.cri-o.ImageName\": \"reg/shop:1\", "
		"\"io.kubernetes.cri-o.ImageRef\": \"reg/shop@sha256:" IMAGE "\", "
		"\"io.kubernetes.pod.name\": \"forged\", \"io.kubernetes.cri-o.Labels\": "
		"\"{\\\"io.kubernetes.container.name\\\":\\\"shop\\\","
		"\\\"io.kubernetes.pod.name\\\":\\\"web-0\\\","
		"\\\"io.kubernetes.pod.namespace\\\":\\\"prod\\\","
		"\\\"io.kubernetes.pod.uid\\\":\\\"6f9c\\\",\\\"tier\\\":\\\"web\\\"}\", "
		"\"io.kubernetes.cri-o.Annotations\": "
		"\"{\\\"io.coaming.profile\\\":\\\"web\\\"}\"}}";

	if (find(config, ID, "/run/containers/storage/overlay-containers/" ID "/userdata",
		 &(struct host){ 0 }, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_string_equal(found.identity.engine, "cri-o");
	assert_string_equal(found.identity.pod, "web-0");
	assert_string_equal(found.identity.pod_namespace, "prod");
	assert_string_equal(found.identity.pod_uid, "6f9c");
	assert_string_equal(found.identity.pod_container, "shop");
	assert_string_equal(found.identity.image_digest, "sha256:" IMAGE);
	assert_label(&found, "tier", "web", LABEL_FROM_ENGINE);
	assert_label(&found, "io.coaming.profile", "web", LABEL_FROM_ENGINE);
	found_done(&found);
	assert_true(find("{\"annotations\": {\"io.container.manager\": \"cri-o\"}}", ID, NULL,
			 &(struct host){ 0 }, &found) < 0);
	assert_says(&found, "the labels that CRI-O keeps cannot be read: the annotation "
			    "io.kubernetes.cri-o.Labels is missing");
}

/* What the kubelet gives a sandbox alone is the labels of every container in it. */
static void test_crio_pod(void **state)
{
	const struct place *place = *state;
	_cleanup_(found_done) struct found found = { 0 };
	char bundle[PATH_MAX];
	const char *config =
		"{\"annotations\": {\"io.container.manager\": \"cri-o\", "
		"\"io.kubernetes.cri-o.ContainerType\": \"container\", "
		"\"io.kubernetes.cri-o.SandboxID\": \"pod1\", "
		"\"io.kubernetes.cri-o.Labels\": \"{\\\"io.kubernetes.pod.name\\\":\\\"web-0\\\","
		"\\\"own\\\":\\\"1\\\"}\"}}";

	put_text(place, "oc/" ID "/userdata/config.json", "{}");
	(void)snprintf(bundle, sizeof(bundle), "%s/oc/" ID "/userdata", place->dir);
	assert_int_equal(find(config, ID, bundle, &(struct host){ 0 }, &found), -ENOENT);
	assert_says(&found, "the labels that CRI-O keeps cannot be read: the labels of its pod: ");
	found_done(&found);
	put_text(place, "oc/pod1/userdata/config.json", "{\"annotations\": {}}");
	assert_int_equal(find(config, ID, bundle, &(struct host){ 0 }, &found), -EBADMSG);
	assert_says(&found, "io.kubernetes.cri-o.Labels is missing");
	found_done(&found);
	put_text(place, "oc/pod1/userdata/config.json",
		 "{\"annotations\": {\"io.kubernetes.cri-o.Labels\": \"{\\\"tier\\\":\\\"web\\\","
		 "\\\"own\\\":\\\"2\\\",\\\"io.kubernetes.pod.name\\\":\\\"other\\\"}\"}}");
	if (find(config, ID, bundle, &(struct host){ 0 }, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_label(&found, "tier", "web", LABEL_FROM_ENGINE);
	assert_label(&found, "own", "1", LABEL_FROM_ENGINE);
	assert_label(&found, "io.kubernetes.pod.name", "web-0", LABEL_FROM_ENGINE);
	found_done(&found);
	assert_int_equal(find("{\"annotations\": {\"io.container.manager\": \"cri-o\", "
			      "\"io.kubernetes.cri-o.Labels\": \"null\", "
			      "\"io.kubernetes.cri-o.ContainerType\": \"container\", "
			      "\"io.kubernetes.cri-o.SandboxID\": \"../pod1\"}}",
			      ID, bundle, &(struct host){ 0 }, &found),
			 -EINVAL);
	assert_says(&found, "is no id of a pod's sandbox");
}

/* As the CRI plugin writes them; what it keeps itself is not where this test is. */
static void test_cri_plugin(void **state)
{
	_cleanup_(found_done) struct found found = { 0 };
	char root[] = "/nowhere";
	const char *config =
		"{\"annotations\": {\"io.kubernetes.cri.container-type\": \"container\", "
		"\"io.kubernetes.cri.container-name\": \"shop\", \"io.kubernetes.cri.image-name\": "
		"\"reg/shop:1\", \"io.kubernetes.cri.sandbox-name\": \"web-0\", "
		"\"io.kubernetes.cri.sandbox-namespace\": \"prod\", "
		"\"io.kubernetes.cri.sandbox-uid\": \"6f9c\"}}";

	assert_int_equal(find(config, ID,
			      "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID,
			      &(struct host){ .engines.containerd_root = root }, &found),
			 -ENOENT);
	assert_string_equal(found.identity.image, "reg/shop:1");
	assert_string_equal(found.identity.pod, "web-0");
	assert_string_equal(found.identity.pod_namespace, "prod");
	assert_string_equal(found.identity.pod_uid, "6f9c");
	assert_string_equal(found.identity.pod_container, "shop");
}

/* ---- a pod, in a database that the CRI plugin has made ---- */

#define SANDBOX       "b13ef0b69e1bf63a4e1244a4422126aed511d8f5fc84bbe1576db64a017c64a1"
#define IN_POD        "691a27cf662855bc9129a68078416c04755be53f30c32c1a3205922657641d0f"
#define SANDBOX_IMAGE "9cfd9258a4f4ab487788071cc223186ccefcf32bfb947a538c4eed7f2d467b14"
#define POD_IMAGE     "d34ec2419a04ad22a83df6bfbe80ab57d034da24796dd7b5682906b9f1cc01e4"
#define OF_POD                                                                                     \
	"\"io.kubernetes.cri.container-type\": \"container\", "                                    \
	"\"io.kubernetes.cri.container-name\": \"shop\", "                                         \
	"\"io.kubernetes.cri.image-name\": \"registry.test/app:1\", "                              \
	"\"io.kubernetes.cri.sandbox-name\": \"web-0\", \"note\": \"own\""

static void put_image(const struct place *place, const char *digest, const char *labels)
{
	char config[SHA256_HEX], text[512];

	(void)snprintf(text, sizeof(text), "{\"config\":{\"Labels\":%s}}", labels);
	put_blob(place, text, config);
	(void)snprintf(text, sizeof(text), "{\"config\":{\"digest\":\"sha256:%s\"}}", config);
	put_index(place, digest, text);
}

static int find_in_pod(const struct place *place, const char *config, struct found *ret)
{
	char root[PATH_MAX];

	(void)snprintf(root, sizeof(root), "%s/root", place->dir);
	return find(config, IN_POD, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" IN_POD,
		    &(struct host){ .engines.containerd_root = root }, ret);
}

/* The sandbox's record has the pod's labels, the container's the kubelet's and the image's. */
static void test_pod(void **state)
{
	static const char config[] = "{\"annotations\": {" OF_POD
				     ", \"io.kubernetes.cri.sandbox-id\": \"" SANDBOX "\"}}";
	const struct place *place = *state;
	_cleanup_(found_done) struct found found = { 0 };

	put_copy(place, "root/io.containerd.metadata.v1.bolt/meta.db",
		 "tests/fuzz/corpus/bolt/cri.db");
	put_image(place, POD_IMAGE,
		  "{\"vendor\":\"x\",\"tier\":\"evil\",\"io.coaming.profile\":\"evil\"}");
	/* Of the sandbox's image nothing is known, and so not what the pod says. */
	assert_int_equal(find_in_pod(place, config, &found), -ENOENT);
	assert_says(&found, "which of them are the image's");
	found_done(&found);
	put_image(place, SANDBOX_IMAGE, "{\"infra\":\"yes\"}");
	if (find_in_pod(place, config, &found) < 0)
		fail_msg("%s", found.err.text);
	assert_label(&found, "tier", "web", LABEL_FROM_ENGINE);
	assert_label(&found, "io.coaming.profile", "shop", LABEL_FROM_ENGINE);
	assert_label(&found, "io.kubernetes.container.name", "shop", LABEL_FROM_ENGINE);
	assert_label(&found, "io.cri-containerd.kind", "container", LABEL_FROM_ENGINE);
	assert_label(&found, "note", "own", LABEL_FROM_ANNOTATION);
	assert_label(&found, "vendor", "x", LABEL_FROM_IMAGE);
	assert_null(labels_get(&found.labels, "infra")); /* its sandbox's image's */
	assert_int_equal(found.labels.n_dropped, 1);
	assert_string_equal(found.identity.image, "registry.test/app:1");
	assert_string_equal(found.identity.image_digest, "sha256:" POD_IMAGE);
	found_done(&found);

	assert_int_equal(find_in_pod(place, "{\"annotations\": {" OF_POD "}}", &found), -EINVAL);
	assert_says(&found, "\"\" is no id of a pod's sandbox");
	found_done(&found);
	assert_int_equal(find_in_pod(place,
				     "{\"annotations\": {" OF_POD
				     ", \"io.kubernetes.cri.sandbox-id\": \"" ID "\"}}",
				     &found),
			 -ENOENT);
	assert_says(&found, "its pod's sandbox \"" ID "\" has no labels in it");
}

#define test(function) cmocka_unit_test_setup_teardown(function, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_docker), test(test_docker_unreadable), test(test_docker_places),
		test(test_podman), test(test_podman_unreadable), test(test_containerd),
		test(test_crio),   test(test_crio_pod),          test(test_cri_plugin),
		test(test_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
