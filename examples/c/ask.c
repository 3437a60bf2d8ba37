/* Asks a shipped model from C: a raw string in, every output out. Nothing but TensorFlow's C API is needed.

     make && ./ask ../../saved_models/sentiment_tweets "what a day!"

   The session runs the whole model, from splitting the string to the label's name. A SavedModel says which tensor of
   its graph stands for which input and output in a message of protocol buffers, the MetaGraphDef; that it is read here
   by hand, in `field`, saves a second library. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#define MOST_OUTPUTS 16

typedef struct {
  const uint8_t *start, *end;
} Bytes;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "error: %s: %s\n", what, why);
  exit(2);
}

static void check(const char *what, TF_Status *status) {
  if (TF_GetCode(status) != TF_OK) fail(what, TF_Message(status));
}

/* Protocol buffers ----------------------------------------------------------------------------------------------- */

static uint64_t varint(Bytes *from) {
  uint64_t value = 0;
  for (int shift = 0; from->start < from->end && shift < 64; shift += 7) {
    uint8_t byte = *from->start++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

/* Moves past the next field of a message, and returns its number, 0 at the end; `content`: what it holds, of fields that
   hold bytes. */
static int field(Bytes *message, Bytes *content) {
  if (message->start >= message->end) return 0;
  uint64_t tag = varint(message), size = 0, left;
  content->start = content->end = message->start;
  switch (tag & 7) {
    case 0: varint(message); return (int)(tag >> 3);
    case 1: size = 8; break;
    case 2: size = varint(message); break;
    case 5: size = 4; break;
    default: fail("the model's signatures", "are written in an unknown way");
  }
  left = (uint64_t)(message->end - message->start);
  if (size > left) fail("the model's signatures", "break off");
  content->start = message->start;
  content->end = message->start += size;
  return (int)(tag >> 3);
}

/* Finds the `number`-th field's next entry of a map; its key, and its value. Returns 0 if there are no more. */
static int entry(Bytes *message, int number, Bytes *key, Bytes *value) {
  Bytes pair, content;
  for (int found; (found = field(message, &pair));) {
    if (found != number) continue;
    key->start = key->end = value->start = value->end = NULL;
    for (int part; (part = field(&pair, &content));) *(part == 1 ? key : value) = content;
    return 1;
  }
  return 0;
}

static int is(Bytes bytes, const char *text) {
  size_t size = (size_t)(bytes.end - bytes.start);
  return size == strlen(text) && !memcmp(bytes.start, text, size);
}

/* Returns the place in the graph that a TensorInfo names, as in "StatefulPartitionedCall:2". */
static TF_Output place(TF_Graph *graph, Bytes tensor_info) {
  char name[512];
  Bytes content;
  for (int part; (part = field(&tensor_info, &content));) {
    if (part != 1) continue;
    size_t size = (size_t)(content.end - content.start);
    if (size >= sizeof name) fail("a tensor", "its name is too long");
    memcpy(name, content.start, size);
    name[size] = 0;
    char *colon = strrchr(name, ':');
    TF_Output output = {NULL, colon ? atoi(colon + 1) : 0};
    if (colon) *colon = 0;
    if (!(output.oper = TF_GraphOperationByName(graph, name))) fail(name, "is not in the graph");
    return output;
  }
  fail("a tensor", "has no name");
  return (TF_Output){NULL, 0};
}

/* Tensors -------------------------------------------------------------------------------------------------------- */

static TF_Tensor *of_string(const char *text) {
  const int64_t rows = 1;
  TF_Tensor *tensor = TF_AllocateTensor(TF_STRING, &rows, 1, sizeof(TF_TString));
  TF_TString *string = TF_TensorData(tensor);
  TF_StringInit(string);
  TF_StringCopy(string, text, strlen(text));
  return tensor;
}

static void print(Bytes name, TF_Tensor *tensor) {
  printf("%.*s:", (int)(name.end - name.start), (const char *)name.start);
  int64_t count = TF_TensorElementCount(tensor);
  void *data = TF_TensorData(tensor);
  for (int64_t i = 0; i < count; i++) {
    switch (TF_TensorType(tensor)) {
      case TF_STRING: {
        TF_TString *string = (TF_TString *)data + i;
        printf("%s%.*s", i ? ", " : " ", (int)TF_StringGetSize(string), TF_StringGetDataPointer(string));
        break;
      }
      case TF_FLOAT: printf(" %.4f", ((float *)data)[i]); break;
      case TF_INT32: printf(" %d", ((int32_t *)data)[i]); break;
      case TF_INT64: printf(" %lld", (long long)((int64_t *)data)[i]); break;
      case TF_BOOL: printf(" %s", ((uint8_t *)data)[i] ? "true" : "false"); break;
      default: printf(" (numbers of another type)"); i = count;
    }
  }
  printf("\n");
}

/* The program ---------------------------------------------------------------------------------------------------- */

int main(int count, char **given) {
  if (count < 3 || count > 4) {
    fprintf(stderr, "usage: %s MODEL TEXT [SIGNATURE]\n\nMODEL is a folder with saved_model.pb in it.\n", given[0]);
    return 2;
  }
  const char *wanted = count == 4 ? given[3] : "serving_default", *tags[] = {"serve"};
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Buffer *meta = TF_NewBuffer();
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, given[1], tags, 1, graph, meta, status);
  check(given[1], status);

  Bytes message = {meta->data, (const uint8_t *)meta->data + meta->length}, key, signature, value;
  int found = 0;
  while (!found && entry(&message, 5, &key, &signature)) found = is(key, wanted);
  if (!found) fail(wanted, "the model has no such signature");

  TF_Output inputs[1], outputs[MOST_OUTPUTS];
  Bytes names[MOST_OUTPUTS], rest = signature;
  int asked = 0, got = 0;
  for (; entry(&rest, 1, &key, &value); asked++) {
    if (asked == 1) fail(wanted, "takes more than one tensor; this program gives one string");
    inputs[0] = place(graph, value);
  }
  if (asked != 1 || TF_OperationOutputType(inputs[0]) != TF_STRING) fail(wanted, "takes no string");
  for (rest = signature; got < MOST_OUTPUTS && entry(&rest, 2, &names[got], &value); got++)
    outputs[got] = place(graph, value);

  if (entry(&rest, 2, &key, &value)) fail(wanted, "gives more outputs than this program has places for");

  TF_Tensor *input = of_string(given[2]), *answers[MOST_OUTPUTS] = {NULL};
  TF_SessionRun(session, NULL, inputs, &input, 1, outputs, answers, got, NULL, 0, NULL, status);
  check(wanted, status);
  for (int i = 0; i < got; i++) {
    print(names[i], answers[i]);
    TF_DeleteTensor(answers[i]);
  }
  TF_DeleteTensor(input);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteBuffer(meta);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
