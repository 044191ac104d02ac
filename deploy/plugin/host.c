/*
 * What the CNI plugin needs of the system and QuickJS does not have: a unix socket, text to and from descriptors, fsync, and
 * mounts. The rest of the plugin is the TypeScript of src/cni; src/cni/quickjs/host.d.ts declares these functions for it.
 * Each answers a negative errno when the kernel refuses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "quickjs.h"

#define COUNT(list) (int)(sizeof(list) / sizeof((list)[0]))

/* connect(path): a descriptor. */
static JSValue host_connect(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = JS_ToCString(ctx, argv[0]);
    int result;

    if (!path)
        return JS_EXCEPTION;
    if (strlen(path) >= sizeof(address.sun_path)) {
        result = -ENAMETOOLONG;
    } else {
        strcpy(address.sun_path, path);
        result = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (result < 0) {
            result = -errno;
        } else if (connect(result, (struct sockaddr *)&address, sizeof(address)) < 0) {
            int failure = -errno;
            close(result);
            result = failure;
        }
    }
    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, result);
}

/* write(descriptor, text): all of it; 0. */
static JSValue host_write(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    int32_t fd;
    size_t length, done = 0;
    int result = 0;
    const char *text;

    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    text = JS_ToCStringLen(ctx, &length, argv[1]);
    if (!text)
        return JS_EXCEPTION;
    while (done < length) {
        ssize_t written = write(fd, text + done, length - done);
        if (written >= 0) {
            done += written;
        } else if (errno != EINTR) {
            result = -errno;
            break;
        }
    }
    JS_FreeCString(ctx, text);
    return JS_NewInt32(ctx, result);
}

/* read(descriptor, line, limit): text to the end, or with `line` up to the first newline; more than `limit` octets: -EMSGSIZE. */
static JSValue host_read(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    int32_t fd, limit;
    int line = JS_ToBool(ctx, argv[1]);
    size_t size = 65536, length = 0;
    char *buffer = malloc(size);
    JSValue result;

    if (!buffer || JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt32(ctx, &limit, argv[2])) {
        free(buffer);
        return JS_EXCEPTION;
    }
    for (;;) {
        ssize_t got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            result = JS_NewInt32(ctx, -errno);
            break;
        }
        char *end = line && got > 0 ? memchr(buffer + length, '\n', got) : NULL;
        length += got;
        if (length > (size_t)limit) {
            result = JS_NewInt32(ctx, -EMSGSIZE);
            break;
        }
        if (got == 0 || end) {
            result = JS_NewStringLen(ctx, buffer, end ? (size_t)(end - buffer) : length);
            break;
        }
        if (length == size) {
            char *more = realloc(buffer, size *= 2);
            if (!more) {
                result = JS_NewInt32(ctx, -ENOMEM);
                break;
            }
            buffer = more;
        }
    }
    free(buffer);
    return result;
}

/* fsync(descriptor): 0. */
static JSValue host_fsync(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    int32_t fd;

    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    return JS_NewInt32(ctx, fsync(fd) < 0 ? -errno : 0);
}

/* bind(from, to): mounts one file over the other; unbind(path) takes it away. 0. */
static JSValue host_bind(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    const char *from = JS_ToCString(ctx, argv[0]), *to = JS_ToCString(ctx, argv[1]);
    int result = from && to ? (mount(from, to, NULL, MS_BIND, NULL) < 0 ? -errno : 0) : -EINVAL;

    JS_FreeCString(ctx, from);
    JS_FreeCString(ctx, to);
    return JS_NewInt32(ctx, result);
}

static JSValue host_unbind(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    int result = path ? (umount2(path, MNT_DETACH) < 0 ? -errno : 0) : -EINVAL;

    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, result);
}

/* pid(), and errorName(errno): the system's words. */
static JSValue host_pid(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    return JS_NewInt32(ctx, getpid());
}

static JSValue host_words(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    int32_t number;

    if (JS_ToInt32(ctx, &number, argv[0]))
        return JS_EXCEPTION;
    return JS_NewString(ctx, strerror(abs(number)));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("connect", 1, host_connect), JS_CFUNC_DEF("write", 2, host_write),
    JS_CFUNC_DEF("read", 3, host_read),       JS_CFUNC_DEF("fsync", 1, host_fsync),
    JS_CFUNC_DEF("bind", 2, host_bind),       JS_CFUNC_DEF("unbind", 1, host_unbind),
    JS_CFUNC_DEF("pid", 0, host_pid),         JS_CFUNC_DEF("words", 1, host_words),
};

static int initialize(JSContext *ctx, JSModuleDef *module)
{
    return JS_SetModuleExportList(ctx, module, functions, COUNT(functions));
}

JSModuleDef *js_init_module_host(JSContext *ctx, const char *name)
{
    JSModuleDef *module = JS_NewCModule(ctx, name, initialize);

    if (module)
        JS_AddModuleExportList(ctx, module, functions, COUNT(functions));
    return module;
}
