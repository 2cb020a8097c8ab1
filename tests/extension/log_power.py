"""A backbone: log-power of learned spatial filters, in windows of the trial."""

from __future__ import annotations

from torch import Tensor, nn


class LogPower(nn.Module):
    """Spatial filters, and the logarithm of their power in each of several windows.

    Parameters
    ----------
    n_chans : int
        Number of channels.
    n_times : int
        Number of samples in a trial.
    sfreq : float or None
        Sampling frequency (Hz), which is not used.
    n_filters : int
        Number of spatial filters.
    n_windows : int
        Windows of equal length that the trial is cut into.
    """

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        sfreq: float | None,
        n_filters: int = 4,
        n_windows: int = 2,
    ) -> None:
        super().__init__()
        self.n_filters, self.n_windows = n_filters, n_windows
        self.mixing = nn.Conv1d(n_chans, n_filters, kernel_size=1, bias=False)
        self.power = nn.AvgPool1d(n_times // n_windows)

    def forward(self, X: Tensor) -> Tensor:
        """Map trials to features.

        Parameters
        ----------
        X : Tensor, shape (batch, n_chans, n_times)
            Aligned and standardised trials.

        Returns
        -------
        Tensor, shape (batch, n_filters * n_windows)
        """
        return self.power(self.mixing(X).square()).clamp(min=1e-6).log().flatten(1)
