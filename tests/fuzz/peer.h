/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other side of a connection: takes it, sends an input, hears whatever it is told, hangs up. */
#ifndef GT_TEST_FUZZ_PEER_H
#define GT_TEST_FUZZ_PEER_H

#include "fuzz.h"
#include "vmi/drivers/qemu/stream.h"

G_BEGIN_DECLS

typedef struct FuzzPeer FuzzPeer;

/* @bytes stay the caller's until the peer is freed. */
FuzzPeer *fuzz_peer_new (const guint8 *bytes, gsize len);
/* Where it listens. */
GtQemuAddress *fuzz_peer_address (FuzzPeer *peer);
void fuzz_peer_free (FuzzPeer *peer);

G_END_DECLS

#endif
