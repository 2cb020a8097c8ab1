from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import logm

from bci_dann.exceptions import ConfigError
from bci_dann.models import SPDNet, make_backbone
from bci_dann.models.spd_network import matrix_logarithm


def draw(width=5, n=6, seed=0):
    roots = torch.randn(n, width, 3 * width, generator=torch.Generator().manual_seed(seed))
    return (roots @ roots.mT / (3 * width)).double()


def test_the_logarithm_is_that_of_scipy():
    matrices = draw()
    expected = np.stack([logm(matrix.numpy()) for matrix in matrices])
    np.testing.assert_allclose(matrix_logarithm(matrices), expected, atol=1e-10)


def test_the_gradient_is_that_of_finite_differences():
    matrices = draw().requires_grad_()
    # only symmetric changes keep a matrix symmetric
    assert torch.autograd.gradcheck(lambda m: matrix_logarithm((m + m.mT) / 2), (matrices,))


@pytest.mark.parametrize("matrix", [torch.eye(4), torch.zeros(4, 4), torch.diag(torch.ones(4) * 3)])
def test_the_gradient_exists_where_eigenvalues_are_equal(matrix):
    matrices = matrix[None].clone().requires_grad_()
    matrix_logarithm(matrices).diagonal(dim1=1, dim2=2).sum().backward()
    value = matrix[0, 0].item()
    expected = torch.eye(4) / value if value else torch.zeros(4, 4)
    torch.testing.assert_close(matrices.grad[0], expected)


def test_features_keep_the_norm_of_the_logarithm():
    network = SPDNet(5, n_filters=5).double()
    matrices = draw()
    norms = matrix_logarithm(network.weight.T @ matrices @ network.weight).flatten(1).norm(dim=1)
    torch.testing.assert_close(network(matrices).norm(dim=1), norms)


def test_filters_start_orthonormal_and_follow_from_the_seed():
    torch.manual_seed(0)
    one = make_backbone("SPDNet", 6, 6, n_filters=4)
    torch.manual_seed(0)
    other = make_backbone("SPDNet", 6, 6, n_filters=4)
    assert torch.equal(one.body.weight, other.body.weight)
    torch.testing.assert_close(one.body.weight.T @ one.body.weight, torch.eye(4))
    assert one.n_features == 10


def test_more_filters_than_rows_are_as_many_as_rows():
    assert make_backbone("SPDNet", 3, 3).n_features == 6


def test_signals_are_refused_with_the_alignment_that_it_needs():
    with pytest.raises(ConfigError, match="alignment='covariance'"):
        make_backbone("SPDNet", 3, 160)


def test_stacked_networks_compute_what_each_computes():
    networks = [SPDNet(5, n_filters=3).double() for _ in range(3)]
    matrices = torch.stack([draw(seed=seed) for seed in range(3)])
    weights = torch.stack([network.weight.detach() for network in networks]).requires_grad_()

    def features(weight, batch):
        return torch.func.functional_call(networks[0], {"weight": weight}, (batch,))

    stacked = torch.vmap(features)(weights, matrices)
    stacked.square().sum().backward()
    for index, network in enumerate(networks):
        alone = network(matrices[index])
        alone.square().sum().backward()
        torch.testing.assert_close(stacked[index], alone)
        torch.testing.assert_close(weights.grad[index], network.weight.grad)


def test_what_is_not_finite_stays_so_and_harms_no_other_trial():
    matrices = torch.eye(3).repeat(2, 1, 1) * 2
    matrices[1, 0, 0] = torch.nan
    first, second = matrix_logarithm(matrices)
    torch.testing.assert_close(first, torch.eye(3) * torch.log(torch.tensor(2.0)))
    assert second.isnan().all()
