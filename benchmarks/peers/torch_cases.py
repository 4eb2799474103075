"""The cases in PyTorch: eager, with its fastest Adam, and compiled.

python3 torch_cases.py [--json FILE] [--filter TEXT] [--seconds S]
"""
import clock

OPTIONS = clock.arguments(__doc__)
clock.pin()

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import func, nn  # noqa: E402

import cases  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(0)
CLOCK = clock.Clock(OPTIONS)


def without_grad(work):
    def run():
        with torch.no_grad():
            return work()

    return run


def compiled(function):
    torch._dynamo.reset()
    return torch.compile(function, dynamic=False, fullgraph=True)


# ---- training steps ----


def network(widths, activation=nn.ReLU):
    layers = []
    for i in range(len(widths) - 1):
        layers.append(nn.Linear(widths[i], widths[i + 1]))
        if i + 2 < len(widths):
            layers.append(activation())
    return nn.Sequential(*layers)


def eager_step(model, x, t):
    adam = torch.optim.Adam(model.parameters(), cases.RATE, fused=True)

    def step():
        adam.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), t).backward()
        adam.step()

    return step


def compiled_step(model, x, t):
    """Forward, backward and Adam as one graph."""
    weights = {k: v.detach().clone() for k, v in model.named_parameters()}
    mean = [torch.zeros_like(w) for w in weights.values()]
    square = [torch.zeros_like(w) for w in weights.values()]
    count = torch.zeros(())

    def step(weights, mean, square, count, x, t):
        gradients = func.grad(lambda w: F.cross_entropy(func.functional_call(model, w, (x,)), t))(
            weights
        )
        count.add_(1)
        first, second = 1 - 0.9**count, 1 - 0.999**count
        for w, g, m, v in zip(weights.values(), gradients.values(), mean, square):
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            w.sub_(cases.RATE * (m / first) / ((v / second).sqrt() + 1e-8))

    whole = compiled(step)
    return without_grad(lambda: whole(weights, mean, square, count, x, t))


def steps():
    for widths, batch in cases.STEPS:
        name = cases.step_name(widths, batch)
        x, t = torch.randn(batch, widths[0]), torch.randint(0, widths[-1], (batch,))
        CLOCK.measure(name, "torch eager", lambda: eager_step(network(widths), x, t))
        CLOCK.measure(name, "torch compiled", lambda: compiled_step(network(widths), x, t))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5)
        self.hidden, self.logits = nn.Linear(256, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        return self.logits(F.relu(self.hidden(x.flatten(1))))


def convolutional():
    x, t = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    last = x.to(memory_format=torch.channels_last)
    name = "step_lenet_b64"
    CLOCK.measure(name, "torch eager", lambda: eager_step(Convolutional(), x, t))
    CLOCK.measure(
        name,
        "torch eager nhwc",
        lambda: eager_step(Convolutional().to(memory_format=torch.channels_last), last, t),
    )
    CLOCK.measure(name, "torch compiled", lambda: compiled_step(Convolutional(), x, t))


# ---- elementwise ----

FORMS = {
    "cheap": lambda x: x + (torch.relu(x * 1.25 + 0.5) * 0.75 + 0.25),
    "hardswish": lambda x: x * torch.clamp(x + 3, 0, 6) / 6,
    "snake": lambda x: x + torch.sin(x) ** 2,
    "gelu": lambda x: x * (0.5 * torch.erfc(x * -0.70710678118654752)),
    "mish": lambda x: x * torch.tanh(torch.nn.functional.softplus(x)),
}


def eager_pair(form, x, g):
    x = x.clone().requires_grad_()

    def run():
        form(x).backward(g)
        x.grad = None

    return run


def compiled_pair(form, x, g):
    def pair(x, g):
        y, pull = func.vjp(form, x)
        return y, pull(g)[0]

    whole = compiled(pair)
    return without_grad(lambda: whole(x, g))


def activations():
    for name in cases.ACTIVATIONS:
        for size, count in cases.SIZES.items():
            x, g = torch.rand(count) * 2 - 1, torch.rand(count) * 2 - 1
            case = f"{name}_{size}"
            CLOCK.measure(case, "torch eager", lambda: eager_pair(FORMS[name], x, g))
            CLOCK.measure(case, "torch compiled", lambda: compiled_pair(FORMS[name], x, g))


def chain():
    x, g = torch.rand(16), torch.ones(16)

    def form(y):
        for _ in range(cases.CHAIN // 4):
            y = torch.tanh(y * 0.75 + 0.25) - 0.25
        return y

    name = "chain_100_fwd_bwd"
    CLOCK.measure(name, "torch eager", lambda: eager_pair(form, x, g))
    CLOCK.measure(name, "torch compiled", lambda: compiled_pair(form, x, g))


# ---- products and rows ----


def products():
    for name, (m, k, n) in cases.GEMMS.items():
        x, y, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        CLOCK.measure(name, "torch eager", lambda: lambda: torch.mm(x, y, out=out))


def rows():
    n = cases.ROWS
    x, g, t = torch.randn(n, n), torch.randn(n, n), torch.randint(0, n, (n,))
    gain, bias = torch.ones(n), torch.zeros(n)

    def entropy(wrap):
        form, z = wrap(lambda z: F.cross_entropy(z, t)), x.clone().requires_grad_()

        def run():
            form(z).backward()
            z.grad = None

        return run

    def norm(wrap):
        form = wrap(lambda z, w, b: F.layer_norm(z, (n,), w, b))
        leaves = [v.clone().requires_grad_() for v in (x, gain, bias)]

        def run():
            form(*leaves).backward(g)
            for leaf in leaves:
                leaf.grad = None

        return run

    def wrapped(function):
        torch._dynamo.reset()
        return torch.compile(function, dynamic=False)

    for name, make in (("cross_entropy_1024x1024", entropy), ("layer_norm_1024x1024", norm)):
        CLOCK.measure(name, "torch eager", lambda: make(lambda f: f))
        CLOCK.measure(name, "torch compiled", lambda: make(wrapped))


# ---- higher orders ----


def higher():
    model, x, y = network((26, 64, 64, 1), nn.Tanh), torch.randn(64, 26), torch.randn(64, 1)
    weights = list(model.parameters())
    direction = [torch.randn_like(w) for w in weights]

    def hessian_product():
        loss = F.mse_loss(model(x), y)
        gradients = torch.autograd.grad(loss, weights, create_graph=True)
        torch.autograd.grad(gradients, weights, direction)

    CLOCK.measure("hvp_26_64_64_1_b64", "torch eager", lambda: hessian_product)
    pinn()
    samples()


def pinn():
    model, points = network((2, 32, 32, 1), nn.Tanh), torch.rand(256, 2)
    weights = list(model.parameters())

    def gradient():
        z = points.clone().requires_grad_()
        slope = torch.autograd.grad(model(z).sum(), z, create_graph=True)[0]
        bend = torch.autograd.grad(slope[:, 1].sum(), z, create_graph=True)[0][:, 1]
        loss = (slope[:, 0] - 0.1 * bend).square().mean()
        torch.autograd.grad(loss, weights, allow_unused=True)

    CLOCK.measure("pinn_2_32_32_1_n256", "torch eager", lambda: gradient)


def samples():
    model = network((26, 64, 64, 10))
    x, t = torch.randn(64, 26), torch.randint(0, 10, (64,))
    weights = {k: v.detach().clone() for k, v in model.named_parameters()}

    def loss(w, a, b):
        return F.cross_entropy(func.functional_call(model, w, (a[None],)), b[None])

    mapped = func.vmap(func.grad(loss), (None, 0, 0))

    def whole():
        torch._dynamo.reset()
        one = torch.compile(mapped, dynamic=False)
        return without_grad(lambda: one(weights, x, t))

    name = "per_sample_26_64_64_10_b64"
    CLOCK.measure(name, "torch eager", lambda: without_grad(lambda: mapped(weights, x, t)))
    CLOCK.measure(name, "torch compiled", whole)


print(f"torch {torch.__version__}, one thread, {torch.backends.cpu.get_cpu_capability()}")
for group in (steps, convolutional, products, activations, chain, rows, higher):
    group()
CLOCK.write()
