#!/usr/bin/python3
"""Makes the models of tests/ that no package ships, with seeded weights.

usage: /usr/bin/python3 make_models.py [--out DIR] [NAME...]

Needs PyTorch 1.13 (Debian 12: python3-torch) and nothing else. NAME.onnx is written into DIR (${INGOT_CACHE:-$HOME/.cache/ingot}/models/made) unless
it is there already. The architectures are those of torchvision (resnet50, mobilenet_v2), of the original BERT (bert) and of the MLPerf Tiny
benchmark (resnet8, ds_cnn, mobilenet_v1, autoencoder), the last four without the training-time dropout.

Weights are drawn from a seed that belongs to the model. The statistics of each BatchNorm are those of random input, so that activations
keep their size through the deepest model, then moved a little, so that they are not those of the input either.
"""
import argparse
import math
import os
import pathlib
import sys
import warnings

import torch
from torch import nn


# --- image classifiers -----------------------------------------------------------------------------------------------------------

def conv_norm(inputs, outputs, kernel, stride=1, groups=1, activation=None, padding=None):
    """Convolution without bias, batch norm, activation."""
    if padding is None:
        padding = kernel // 2
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation] if activation else []))


class Residual(nn.Module):
    """activation(body(x) + shortcut(x))"""

    def __init__(self, body, shortcut=None, activation=None):
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()
        self.activation = activation or nn.Identity()

    def forward(self, x):
        return self.activation(self.body(x) + self.shortcut(x))


def resnet50():
    layers = [conv_norm(3, 64, 7, 2, activation=nn.ReLU()), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            body = nn.Sequential(conv_norm(channels, width, 1, activation=nn.ReLU()),
                                 conv_norm(width, width, 3, step, activation=nn.ReLU()),
                                 conv_norm(width, 4 * width, 1))
            shortcut = conv_norm(channels, 4 * width, 1, step) if block == 0 else None
            layers.append(Residual(body, shortcut, nn.ReLU()))
            channels = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def mobilenet_v2():
    layers = [conv_norm(3, 32, 3, 2, activation=nn.ReLU6())]
    channels = 32
    for expansion, outputs, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                               (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            hidden = channels * expansion
            body = [] if expansion == 1 else [conv_norm(channels, hidden, 1, activation=nn.ReLU6())]
            body = nn.Sequential(*body, conv_norm(hidden, hidden, 3, step, hidden, nn.ReLU6()), conv_norm(hidden, outputs, 1))
            layers.append(Residual(body) if step == 1 and channels == outputs else body)
            channels = outputs
    layers.append(conv_norm(channels, 1280, 1, activation=nn.ReLU6()))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000))


# --- MLPerf Tiny -----------------------------------------------------------------------------------------------------------------

def resnet8():
    layers = [conv_norm(3, 16, 3, activation=nn.ReLU())]
    channels = 16
    for outputs, stride in ((16, 1), (32, 2), (64, 2)):
        body = nn.Sequential(conv_norm(channels, outputs, 3, stride, activation=nn.ReLU()), conv_norm(outputs, outputs, 3))
        shortcut = nn.Conv2d(channels, outputs, 1, stride) if stride > 1 else None
        layers.append(Residual(body, shortcut, nn.ReLU()))
        channels = outputs
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10), nn.Softmax(1))


def separable(inputs, outputs, stride=1):
    return nn.Sequential(conv_norm(inputs, inputs, 3, stride, inputs, nn.ReLU()), conv_norm(inputs, outputs, 1, activation=nn.ReLU()))


def ds_cnn():
    first = conv_norm(1, 64, (10, 4), 2, activation=nn.ReLU(), padding=(5, 1))
    return nn.Sequential(first, *(separable(64, 64) for _ in range(4)), nn.AvgPool2d((25, 5)), nn.Flatten(), nn.Linear(64, 12),
                         nn.Softmax(1))


def mobilenet_v1():
    layers = [conv_norm(3, 8, 3, 2, activation=nn.ReLU())]
    channels = 8
    for outputs, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)):
        layers.append(separable(channels, outputs, stride))
        channels = outputs
    return nn.Sequential(*layers, nn.AvgPool2d(3), nn.Flatten(), nn.Linear(256, 2), nn.Softmax(1))


def autoencoder():
    layers = []
    sizes = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128)
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 640))


# --- BERT ------------------------------------------------------------------------------------------------------------------------

class BertLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def split(self, x):
        return x.view(x.size(0), x.size(1), self.heads, -1).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.size(-1)) + mask
        context = (torch.softmax(scores, -1) @ value).permute(0, 2, 1, 3).contiguous()
        x = self.attention_norm(self.output(context.view(x.shape)) + x)
        return self.norm(self.down(nn.functional.gelu(self.up(x))) + x)


class Bert(nn.Module):
    """The encoder and the pooler of BERT base."""

    def __init__(self, layers=12, width=768, heads=12, words=30522, positions=512):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.positions = nn.Embedding(positions, width)
        self.types = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(width, heads) for _ in range(layers))
        self.pooler = nn.Linear(width, width)
        self.register_buffer("position_ids", torch.arange(positions).unsqueeze(0))

    def forward(self, input_ids, attention_mask, token_type_ids):
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
        positions = self.positions(self.position_ids[:, :input_ids.size(1)])
        x = self.norm(self.words(input_ids) + self.types(token_type_ids) + positions)
        for layer in self.layers:
            x = layer(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


# --- weights and files -----------------------------------------------------------------------------------------------------------

def draw_weights(model):
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            nn.init.normal_(module.weight, std=(1.2 if isinstance(module, nn.Linear) else 1.4) / math.sqrt(fan_in))
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)):
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, std=0.2)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.5)


def draw_statistics(model, shape):
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:
        norm.momentum = None  # a plain mean over the batches
    model.train()
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(8, *shape[1:]))
        for norm in norms:
            deviation = norm.running_var.sqrt()
            norm.running_mean += 0.1 * deviation * torch.randn_like(deviation)
            norm.running_var *= torch.empty_like(deviation).uniform_(0.8, 1.25)
    model.eval()


# name: (constructor, input shape, whether the file keeps BatchNormalization after Conv)
IMAGE_MODELS = {
    "resnet50": (resnet50, (1, 3, 224, 224), False),
    "mobilenet_v2": (mobilenet_v2, (1, 3, 224, 224), True),
    "resnet8": (resnet8, (1, 3, 32, 32), True),
    "ds_cnn": (ds_cnn, (1, 1, 49, 10), False),
    "mobilenet_v1": (mobilenet_v1, (1, 3, 96, 96), False),
    "autoencoder": (autoencoder, (1, 640), True),
}
NAMES = (*IMAGE_MODELS, "bert")


def make(name, path):
    torch.manual_seed(sum(name.encode()))
    if name == "bert":
        model = Bert()
        draw_weights(model)
        model.eval()
        mask = (torch.arange(128) < 100).to(torch.int64)[None]
        inputs = (torch.randint(0, 30522, (1, 128)), mask, torch.zeros((1, 128), dtype=torch.int64))
        names = ["input_ids", "attention_mask", "token_type_ids"], ["last_hidden_state", "pooler_output"]
        keep_norms = False
    else:
        constructor, shape, keep_norms = IMAGE_MODELS[name]
        model = constructor()
        draw_weights(model)
        draw_statistics(model, shape)
        inputs = (torch.randn(shape),)
        names = ["input"], ["output"]
    with torch.no_grad():
        outputs = model(*inputs)
    for output in outputs if isinstance(outputs, tuple) else (outputs,):
        if not (torch.isfinite(output).all() and output.std() > 1e-3 and output.abs().max() < 100):
            sys.exit(f"make_models: {name} gives values outside a sensible range")
    # Export in evaluation mode folds BatchNorm into convolutions; PRESERVE leaves that to whoever reads the file.
    mode = torch.onnx.TrainingMode.PRESERVE if keep_norms else torch.onnx.TrainingMode.EVAL
    beside = path.with_suffix(".tmp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, inputs, str(beside), opset_version=13, training=mode, input_names=names[0], output_names=names[1])
    beside.rename(path)


def main():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    cache = pathlib.Path(os.environ.get("INGOT_CACHE") or cache / "ingot")
    parser = argparse.ArgumentParser(description="Makes the models of tests/ that no package ships, with seeded weights.")
    parser.add_argument("--out", type=pathlib.Path, default=cache / "models" / "made", help="default: %(default)s")
    parser.add_argument("name", nargs="*", help=f"of: {', '.join(NAMES)}; default: all")
    arguments = parser.parse_args()
    for name in arguments.name:
        if name not in NAMES:
            parser.error(f"no model {name}; there are: {', '.join(NAMES)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.name or NAMES:
        path = arguments.out / f"{name}.onnx"
        if path.is_file():
            print(f"{name}: {path} is there")
            continue
        print(f"{name}: making", flush=True)
        make(name, path)
        print(f"{name}: {path}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
