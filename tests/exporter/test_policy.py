"""The policy as ONNX: torch's logits, at any batch and length, and errors for what is not a policy."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from exporter.cli import export
from exporter.policy_export import export_policy
from exporter.policy_graph import PolicyShape, build_policy_model, weight_shapes
from exporter.verify import open_model
from jq_strategy import formula as language
from sdk.errors import ExportError
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.policy import Policy
from sdk.training.run import train_formula
from tests.bundles import small_market

SHAPES = [
    PolicyShape("v2", 12, 64, 2, 4, 3, 2),
    PolicyShape("v1", 5, 16, 1, 1, 1, 1),
    PolicyShape("v3", 20, 24, 3, 2, 2, 4),
]


def make_policy(shape: PolicyShape) -> Policy:
    generator = torch.Generator().manual_seed(4)
    tokens = len(language.token_names(shape.vocabulary))
    policy = Policy(tokens, shape.max_length, shape.width, shape.layers, shape.heads, shape.loops, shape.mixture)
    with torch.no_grad():
        for part in policy.parameters():
            part.copy_(torch.randn(part.shape, generator=generator) * 0.2)
    return policy


def weights_of(policy: Policy) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in policy.state_dict().items()}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.vocabulary)
def test_the_model_gives_torchs_logits_at_any_batch_and_length(shape: PolicyShape) -> None:
    policy = make_policy(shape)
    data = build_policy_model(weights_of(policy), shape).SerializeToString()
    session = open_model(data)
    rng = np.random.default_rng(1)
    for batch, length in ((1, 1), (3, 2), (7, shape.max_length + 1)):
        written = rng.integers(0, len(language.token_names(shape.vocabulary)) + 2, (batch, length))
        depths = rng.integers(0, shape.max_length + 2, (batch, length))
        both = session.run(["log_chances", "value"], {"written": written, "depths": depths})
        with torch.no_grad():
            said = policy(torch.from_numpy(written), torch.from_numpy(depths))
        for got, want in zip(both, said, strict=True):
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-5)


def test_the_list_of_weights_is_the_policys_own() -> None:
    for shape in SHAPES:
        found = {name: value.shape for name, value in weights_of(make_policy(shape)).items()}
        assert weight_shapes(shape) == found


def test_a_run_directory_becomes_a_model_that_says_what_it_is(tmp_path: Path) -> None:
    config = make_config({"steps": 1, "batch": 4, "width": 16, "layers": 1, "vocabulary": "v2"})
    trained = train_formula(Bundle.open(small_market()), config, tmp_path / "runs")
    run, result = trained.directory, trained.result
    assert export_policy(run, tmp_path / "policy.onnx") == PolicyShape("v2", 12, 16, 1, 4, 3, 2)
    model = onnx.load(tmp_path / "policy.onnx")
    props = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(props["tokens"]) == language.token_names("v2")
    assert (props["end_token"], props["start_token"], props["training"]) == ("21", "22", run.name)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, array in result.weights.items():
        assert stored[name].tobytes() == array.tobytes()
    done = CliRunner().invoke(export, [str(run), "--policy", "--out", str(tmp_path / "again.onnx")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "policy.onnx").read_bytes()


def test_what_is_not_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"config\.json is missing"):
        export_policy(tmp_path, tmp_path / "policy.onnx")
    settings = {"vocabulary": "v2", "max_length": 12, "width": 64, "layers": 2, "heads": 4, "loops": 3, "mixture": 2}
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings}))
    with pytest.raises(ExportError, match=r"policy\.safetensors is missing"):
        export_policy(tmp_path, tmp_path / "policy.onnx")
    (tmp_path / "policy.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ExportError, match="cannot be read"):
        export_policy(tmp_path, tmp_path / "policy.onnx")
    weights = weights_of(make_policy(SHAPES[0]))
    with pytest.raises(ExportError, match=r"blocks\.1\.down\.weight: shape \(64, 128\), expected None"):
        build_policy_model(weights, PolicyShape("v2", 12, 64, 1, 4, 3, 2))
    assert not (tmp_path / "policy.onnx").exists()
