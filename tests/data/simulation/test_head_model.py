"""The spherical head model: positions and the physics of leadfields."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.simulation.head_model import (
    HEAD_CENTRE,
    HEAD_RADIUS,
    eeg_info,
    electrode_positions,
    leadfield,
    project_to_sphere,
    rotation_matrix,
)
from bci_dann.exceptions import ConfigError

NAMES = ["C3", "Cz", "C4", "Fz", "Pz", "T7", "T8"]


def distances(positions):
    return np.linalg.norm(positions - HEAD_CENTRE, axis=1)


def test_electrodes_lie_on_the_sphere_where_their_names_say():
    positions = dict(zip(NAMES, electrode_positions(NAMES), strict=True))
    np.testing.assert_allclose(distances(np.array(list(positions.values()))), HEAD_RADIUS)
    assert positions["T7"][0] < positions["C3"][0] < 0 < positions["C4"][0] < positions["T8"][0]
    assert positions["Pz"][1] < positions["Cz"][1] < positions["Fz"][1]
    assert max(positions, key=lambda name: positions[name][2]) == "Cz"
    np.testing.assert_allclose(positions["C3"] * [-1, 1, 1], positions["C4"], atol=0.005)


def test_the_sphere_fits_the_electrodes_of_the_standard_head():
    from bci_dann.data.simulation.head_model import _standard_positions

    names = [
        "Fp1",
        "Fp2",
        "F7",
        "F3",
        "Fz",
        "F4",
        "F8",
        "T7",
        "C3",
        "Cz",
        "C4",
        "T8",
        "P7",
        "P3",
        "Pz",
        "P4",
        "P8",
        "O1",
        "O2",
    ]
    points = np.array([_standard_positions()[name] for name in names])
    # |x - c|^2 = r^2 is linear in c and r^2 - |c|^2
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0]
    radius = np.sqrt(solution[3] + (solution[:3] ** 2).sum())
    np.testing.assert_allclose(HEAD_CENTRE, solution[:3], atol=0.003)
    assert pytest.approx(radius, abs=0.003) == HEAD_RADIUS


def test_an_electrode_that_does_not_exist():
    with pytest.raises(ConfigError, match=r"'C33'.*10-05 system.*Did you mean 'C3'"):
        electrode_positions(["Cz", "C33"])


def test_projection_keeps_the_direction():
    rng = np.random.default_rng(0)
    points = HEAD_CENTRE + rng.standard_normal((20, 3))
    projected = project_to_sphere(points, 0.05)
    np.testing.assert_allclose(distances(projected), 0.05)
    cross = np.cross(points - HEAD_CENTRE, projected - HEAD_CENTRE)
    np.testing.assert_allclose(cross, 0, atol=1e-12)
    assert (((points - HEAD_CENTRE) * (projected - HEAD_CENTRE)).sum(axis=1) > 0).all()


def test_a_quarter_turn_about_the_vertical_axis():
    turn = rotation_matrix(np.array([0, 0, np.pi / 2]))
    np.testing.assert_allclose(turn @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turn @ [0, 0, 1], [0, 0, 1], atol=1e-12)


def test_rotations_follow_the_formula_of_rodrigues():
    for vector in np.random.default_rng(0).standard_normal((5, 3)):
        angle = np.linalg.norm(vector)
        x, y, z = vector / angle
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        expected = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
        matrix = rotation_matrix(vector)
        np.testing.assert_allclose(matrix, expected, atol=1e-12)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1)


def test_no_rotation_is_the_identity():
    np.testing.assert_array_equal(rotation_matrix(np.zeros(3)), np.eye(3))


def test_info_keeps_names_positions_and_rate():
    positions = electrode_positions(NAMES)
    info = eeg_info(NAMES, positions, 250.0)
    assert info["ch_names"] == NAMES
    assert info["sfreq"] == 250.0
    np.testing.assert_allclose([ch["loc"][:3] for ch in info["chs"]], positions, atol=1e-6)


def dipoles(n_dipoles=4, seed=0):
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((2, n_dipoles, 3))
    unit = directions / np.linalg.norm(directions, axis=2, keepdims=True)
    return HEAD_CENTRE + 0.06 * unit[0], unit[1]


def test_a_dipole_turned_round_has_the_opposite_potential():
    positions = electrode_positions(NAMES)
    places, directions = dipoles()
    lead = leadfield(positions, places, directions)
    assert lead.shape == (7, 4)
    np.testing.assert_allclose(leadfield(positions, places, -directions), -lead, rtol=1e-9)


def test_potentials_add_up():
    """The field of a dipole is linear in its direction."""
    positions = electrode_positions(NAMES)
    place = np.tile(HEAD_CENTRE + np.array([0.02, 0.01, 0.05]), (3, 1))
    axes = leadfield(positions, place, np.eye(3))
    direction = np.array([[0.48, 0.6, 0.64]])
    np.testing.assert_allclose(
        leadfield(positions, place[:1], direction), axes @ direction.T, rtol=1e-6
    )


def test_only_relative_positions_matter_in_a_sphere():
    positions = electrode_positions(NAMES)
    places, directions = dipoles()
    turn = rotation_matrix(np.array([0.3, -0.5, 0.2]))
    turned = leadfield(
        HEAD_CENTRE + (positions - HEAD_CENTRE) @ turn.T,
        HEAD_CENTRE + (places - HEAD_CENTRE) @ turn.T,
        directions @ turn.T,
    )
    np.testing.assert_allclose(turned, leadfield(positions, places, directions), rtol=1e-3)


def test_a_radial_dipole_is_seen_best_right_above_it():
    positions = electrode_positions(NAMES)
    radial = (positions - HEAD_CENTRE) / HEAD_RADIUS
    lead = leadfield(positions, HEAD_CENTRE + 0.075 * radial, radial)
    assert np.abs(lead).argmax(axis=0).tolist() == list(range(len(NAMES)))
    assert (np.diag(lead) > 0).all()


def test_a_tangential_dipole_is_not_seen_right_above_it():
    positions = electrode_positions(["Cz"])
    radial = (positions - HEAD_CENTRE) / HEAD_RADIUS
    tangential = np.cross(radial, [[1.0, 0.0, 0.0]])
    tangential /= np.linalg.norm(tangential)
    place = HEAD_CENTRE + 0.07 * radial
    seen = leadfield(electrode_positions(["Fz"]), place, tangential)
    above = leadfield(positions, place, tangential)
    assert abs(above.item()) < 1e-3 * abs(seen.item())


def test_deeper_dipoles_are_weaker():
    positions = electrode_positions(["Cz"])
    radial = (positions - HEAD_CENTRE) / HEAD_RADIUS
    strengths = [
        leadfield(positions, HEAD_CENTRE + depth * radial, radial).item()
        for depth in (0.05, 0.06, 0.07)
    ]
    assert strengths == sorted(strengths)


def test_the_scale_is_that_of_cortical_sources():
    """A source of 10 nAm near the scalp gives microvolts (Hämäläinen et al. 1993)."""
    positions = electrode_positions(["C3"])
    radial = (positions - HEAD_CENTRE) / HEAD_RADIUS
    potential = 10e-9 * leadfield(positions, HEAD_CENTRE + 0.075 * radial, radial).item()
    assert 0.3e-6 < potential < 30e-6
