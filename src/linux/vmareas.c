/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The areas of the guest's vmalloc space, which are also those of its modules. */
#include "linux/vmareas.h"

#include "linux/linux-private.h"

#define MAX_AREAS 200000
#define MAX_NODES 1024

typedef struct {
  GtLinux *linux_os;
  vmi_instance_t vmi;
  gsize link, vm, addr, size, caller; /* in struct vmap_area and struct vm_struct */
  guint left;
  GtLinuxAreaFunc func;
  gpointer user_data;
} Walk;

static gboolean
read_area (const Walk *walk, addr_t vm, GtLinuxArea *ret)
{
  return vmi_read_addr_va (walk->vmi, vm + walk->addr, 0, &ret->start) == VMI_SUCCESS &&
         vmi_read_64_va (walk->vmi, vm + walk->size, 0, &ret->size) == VMI_SUCCESS &&
         vmi_read_addr_va (walk->vmi, vm + walk->caller, 0, &ret->caller) == VMI_SUCCESS;
}

/* FALSE when the walk is over: by @walk->func's wish, or because the list makes no sense. */
static gboolean
walk_list (Walk *walk, addr_t head)
{
  addr_t link = head;

  while (walk->left > 0) {
    GtLinuxArea area;
    addr_t vm;

    walk->left--;
    if (vmi_read_addr_va (walk->vmi, link, 0, &link) != VMI_SUCCESS) {
      return FALSE;
    }
    if (link == head) {
      return TRUE;
    }
    /* An area without a description is one of vm_map_ram(). */
    if (vmi_read_addr_va (walk->vmi, link - walk->link + walk->vm, 0, &vm) == VMI_SUCCESS &&
        vm != 0 && read_area (walk, vm, &area) &&
        !walk->func (walk->linux_os, &area, walk->user_data)) {
      return FALSE;
    }
  }
  return FALSE;
}

/* Since 6.9 there is a list for each of several nodes. */
static gboolean
walk_nodes (Walk *walk)
{
  addr_t nodes_place = gt_linux_symbol (walk->linux_os, "vmap_nodes"), nodes;
  addr_t count_place = gt_linux_symbol (walk->linux_os, "nr_vmap_nodes");
  gsize node_size, head;
  uint32_t count;

  if (nodes_place == 0 || count_place == 0 ||
      !gt_linux_type_size (walk->linux_os, "vmap_node", &node_size) ||
      !gt_linux_offset (walk->linux_os, "vmap_node", "busy.head", &head) ||
      vmi_read_addr_va (walk->vmi, nodes_place, 0, &nodes) != VMI_SUCCESS ||
      vmi_read_32_va (walk->vmi, count_place, 0, &count) != VMI_SUCCESS || count > MAX_NODES) {
    return FALSE;
  }
  for (guint i = 0; i < count && walk_list (walk, nodes + i * node_size + head); i++) {
  }
  return TRUE;
}

gboolean
gt_linux_foreach_area (GtLinux *linux_os, GtLinuxAreaFunc func, gpointer user_data)
{
  Walk walk = { .linux_os = linux_os,
                .vmi = linux_os->vmi,
                .left = MAX_AREAS,
                .func = func,
                .user_data = user_data };
  addr_t list = gt_linux_symbol (linux_os, "vmap_area_list");

  if (!gt_linux_offset (linux_os, "vmap_area", "list", &walk.link) ||
      !gt_linux_offset (linux_os, "vmap_area", "vm", &walk.vm) ||
      !gt_linux_offset (linux_os, "vm_struct", "addr", &walk.addr) ||
      !gt_linux_offset (linux_os, "vm_struct", "size", &walk.size) ||
      !gt_linux_offset (linux_os, "vm_struct", "caller", &walk.caller)) {
    return FALSE;
  }
  if (list == 0) {
    return walk_nodes (&walk);
  }
  walk_list (&walk, list);
  return TRUE;
}
