/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of values as YAML. Whatever reads it, YAML 1.1 or 1.2, reads the same values: a string is
 * left without quotes only where none of them could take it for something else.
 */
#ifndef COAMING_LIB_YAML_WRITE_H
#define COAMING_LIB_YAML_WRITE_H

#include "lib/buf.h"
#include "lib/doc.h"

/*
 * Append one document, without a mark at its beginning. -ENOMEM
 * Source  libyaml 0.2.5, yaml.h
 */
int yaml_write(const struct node *node, struct buf *out, struct err *err);

#endif
