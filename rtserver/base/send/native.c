/* send_each: a frame of its own to each of many sockets, without the interpreter's lock.
 *
 * port.py says what the function does; plain.py is its twin, and one suite of tests holds both. Only the stable ABI
 * of Python 3.11 is used, so that one file serves every later Python.
 */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

/* One write. `sent` is the number of bytes that the system took, or an errno with the sign changed. */
typedef struct {
    int file;
    char *data;
    Py_ssize_t length;
    Py_ssize_t sent;
} Write;

/* Fill in the writes. Return 0, or -1 with an exception set. */
static int
read_writes(Write *writes, Py_ssize_t count, PyObject *files, PyObject *frames)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        long file = PyLong_AsLong(PyTuple_GetItem(files, i));
        if (file == -1 && PyErr_Occurred()) {
            return -1;
        }
        if (file < INT_MIN || file > INT_MAX) {
            PyErr_Format(PyExc_OverflowError, "%ld is no file's number", file);
            return -1;
        }
        writes[i].file = (int)file;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(frames, i), &writes[i].data, &writes[i].length) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A socket whose peer has gone must not raise SIGPIPE, and one without room must not hold up the others. */
static void
send_writes(Write *writes, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        ssize_t sent = send(writes[i].file, writes[i].data, (size_t)writes[i].length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            writes[i].sent = sent;
        } else if (errno == EAGAIN || errno == EINTR) {
            writes[i].sent = 0;
        } else {
            writes[i].sent = -errno;
        }
    }
}

/* Return a list of (place, sent) of the writes that were not taken whole, or NULL with an exception set. */
static PyObject *
list_short(const Write *writes, Py_ssize_t count)
{
    PyObject *found = PyList_New(0);
    for (Py_ssize_t i = 0; found != NULL && i < count; i++) {
        if (writes[i].sent == writes[i].length) {
            continue;
        }
        PyObject *pair = Py_BuildValue("(nn)", i, writes[i].sent);
        if (pair == NULL || PyList_Append(found, pair) < 0) {
            Py_CLEAR(found);
        }
        Py_XDECREF(pair);
    }
    return found;
}

static PyObject *
send_all(PyObject *files, PyObject *frames)
{
    Py_ssize_t count = PyTuple_Size(files);
    if (PyTuple_Size(frames) != count) {
        PyErr_SetString(PyExc_ValueError, "there has to be one frame for each file");
        return NULL;
    }
    Write *writes = PyMem_Calloc((size_t)count, sizeof(Write));
    if (writes == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *found = NULL;
    if (read_writes(writes, count, files, frames) == 0) {
        Py_BEGIN_ALLOW_THREADS
        send_writes(writes, count);
        Py_END_ALLOW_THREADS
        found = list_short(writes, count);
    }
    PyMem_Free(writes);
    return found;
}

static PyObject *
send_each(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *files, *frames;
    if (!PyArg_ParseTuple(arguments, "OO:send_each", &files, &frames)) {
        return NULL;
    }
    /* Tuples of our own keep the frames alive, whatever other threads do with the caller's lists meanwhile. */
    files = PySequence_Tuple(files);
    frames = files == NULL ? NULL : PySequence_Tuple(frames);
    PyObject *found = frames == NULL ? NULL : send_all(files, frames);
    Py_XDECREF(frames);
    Py_XDECREF(files);
    return found;
}

static PyMethodDef methods[] = {
    {"send_each", send_each, METH_VARARGS, "Send a frame of its own to each of many sockets."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "native",
    .m_doc = "Writes to many sockets without the interpreter's lock.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit_native(void)
{
    return PyModuleDef_Init(&definition);
}
