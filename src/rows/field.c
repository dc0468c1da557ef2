/* field - the columns of a table as a tree */
#include "rows/field_priv.h"

#include "core/mem.h"

void lem_field_release(lem_field *f) {
    for (size_t i = 0; i < f->n_children; i++) lem_field_release(&f->child[i]);
    lem_free(f->child);
    lem_free(f->name);
    *f = (lem_field){0};
}

bool lem_field_children(lem_field *f, size_t n) {
    f->child = lem_alloc_zero(n, sizeof *f->child, NULL);
    if (!f->child) return false;
    f->n_children = n;
    return true;
}

static void put_shape(const lem_field *f, lem_buf *out) {
    if (f->shape == LEM_SHAPE_MAP) lem_buf_puts(out, "{…}");
    if (f->shape == LEM_SHAPE_LIST) {
        lem_buf_puts(out, "[]");
        put_shape(&f->child[0], out);
    }
    if (f->shape != LEM_SHAPE_STRUCT) return;
    lem_buf_putc(out, '{');
    for (size_t i = 0; i < f->n_children; i++) {
        if (i) lem_buf_putc(out, ',');
        lem_buf_puts(out, f->child[i].name);
        put_shape(&f->child[i], out);
    }
    lem_buf_putc(out, '}');
}

void lem_field_put_names(const lem_field *root, lem_buf *out) {
    for (size_t i = 0; i < root->n_children; i++) {
        if (i) lem_buf_puts(out, ", ");
        lem_buf_puts(out, root->child[i].name);
        put_shape(&root->child[i], out);
    }
}

static void put_type(const lem_field *f, lem_buf *out) {
    switch (f->shape) {
    case LEM_SHAPE_SCALAR: lem_buf_puts(out, lem_scalar_name(&f->type)); return;
    case LEM_SHAPE_LIST:
        lem_buf_puts(out, "list of ");
        put_type(&f->child[0], out);
        return;
    case LEM_SHAPE_MAP:
        lem_buf_puts(out, "map of ");
        put_type(&f->child[0], out);
        if (f->n_children < 2) return;
        lem_buf_puts(out, " to ");
        put_type(&f->child[1], out);
        return;
    case LEM_SHAPE_STRUCT: break;
    }
    lem_buf_putc(out, '{');
    for (size_t i = 0; i < f->n_children; i++) {
        if (i) lem_buf_puts(out, ", ");
        lem_buf_printf(out, "%s: ", f->child[i].name);
        put_type(&f->child[i], out);
    }
    lem_buf_putc(out, '}');
}

lem_json *lem_field_types(const lem_field *root) {
    lem_json *o = lem_json_new_object();
    for (size_t i = 0; i < root->n_children; i++) {
        lem_buf text = {0};
        put_type(&root->child[i], &text);
        lem_json *v = text.failed ? NULL : lem_json_new_strn(lem_buf_str(&text), text.len);
        lem_buf_release(&text);
        if (o && lem_json_set(o, root->child[i].name, v)) continue;
        lem_json_free(o);
        return NULL;
    }
    return o;
}
