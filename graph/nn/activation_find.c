/* Activations by name and back, for configurations in text. The names are those of the
 * functions. */
#include <wengert/nn.h>
#include <string.h>

static const struct { const char *name; wg_activation *function; } activations[] = {
    { "celu", wg_celu },
    { "elu", wg_elu },
    { "geglu", wg_geglu },
    { "gelu", wg_gelu },
    { "gelu_tanh", wg_gelu_tanh },
    { "glu", wg_glu },
    { "hardsigmoid", wg_hardsigmoid },
    { "hardswish", wg_hardswish },
    { "hardtanh", wg_hardtanh },
    { "identity", wg_identity },
    { "leaky_relu", wg_leaky_relu },
    { "log_sigmoid", wg_log_sigmoid },
    { "mish", wg_mish },
    { "relu", wg_relu },
    { "relu6", wg_relu6 },
    { "selu", wg_selu },
    { "sigmoid", wg_sigmoid },
    { "silu", wg_silu },
    { "snake", wg_snake },
    { "softplus", wg_softplus },
    { "softsign", wg_softsign },
    { "swiglu", wg_swiglu },
    { "tanh", wg_tanh },
    { "tanhshrink", wg_tanhshrink },
};

wg_activation *wg_activation_find(const char *name)
{
    if (name == NULL) return NULL;
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (strcmp(activations[i].name, name) == 0) return activations[i].function;
    return NULL;
}

const char *wg_activation_name(wg_activation *activation)
{
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (activations[i].function == activation) return activations[i].name;
    return NULL;
}
