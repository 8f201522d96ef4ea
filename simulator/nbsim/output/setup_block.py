"""The lines that the C program prints before its pixel loop: scripts read cells, sizes, counts and directions there.

Without the banner of the C program; progress, the headers of ``-img`` and ``-mask`` and impossible angles are reported
on stderr. Source: nanobragg_setup.md; the formats are those of the C program's stdout.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from torch import Tensor

from nbsim.constants import ANGSTROM_PER_M, AVOGADRO, RTD
from nbsim.model import ExperimentData
from nbsim.setup import plan
from nbsim.setup.crystal import cell_in_radians, cell_volume, typed_cell
from nbsim.setup.sources import accepted_divergences
from nbsim.vectors import cross, dot, length

_SHAPES = {"SQUARE": "parallelpiped", "ROUND": "ellipsoidal", "GAUSS": "gaussian", "TOPHAT": "tophat-spot"}
_DENSITY = 1.2e6  # of protein [g/m^3]
_SUBPIXELS_PER_WIDTH = 3.0

Triple = tuple[Tensor, Tensor, Tensor]


def setup_block(experiment: ExperimentData) -> Iterator[str]:
    """Every line, without its end."""
    yield from _warnings(experiment)
    yield from _detector_start(experiment)
    yield from _cell(experiment)
    yield from _size(experiment)
    yield from _structure_factors(experiment)
    yield from _steps(experiment)
    yield from _sources(experiment)
    yield f"  created a total of {experiment.crystal.mosaic_matrices.shape[0]} mosaic domains"
    yield from _summary(experiment)
    yield from _detector(experiment)
    yield from _counts(experiment)
    yield from _noise(experiment)


def _numbers(values: Sequence[float] | Tensor) -> str:
    return " ".join(f"{value:g}" for value in (values.tolist() if isinstance(values, Tensor) else values))


def _warnings(experiment: ExperimentData) -> Iterator[str]:
    """Widths that the beam clips, a normal that is no unit vector, values that replace missing ones."""
    options = experiment.options
    beam = options.beamsize_mm / 1000.0
    for width_mm, word in ((options.sample_b_mm, "high"), (options.sample_c_mm, "wide")):
        width = width_mm / 1000.0
        if beam >= 0.0 and width > beam:
            yield f"WARNING: clipping sample ({width:g} m {word}) with beam ({beam:g} m)"
    if options.convention == "CUSTOM" and options.normal_vector and math.hypot(*options.normal_vector) != 1.0:
        yield "WARNING: auto-generating odet_vector"
    layers = plan.sensor_layers(options)
    if layers.thickness > 0.0 and options.mu_per_m is None:
        yield f"WARNING: setting detector attenuation depth to {layers.mu:g} m"
    spread, count = options.mosaic_deg, options.mosaic_domains
    if count <= 0 and spread is not None and spread > 0.0:
        yield "WARNING: finite mosaicity with only one domain! upping to 10 mosaic domains"
    if count > 0 and (spread is None or spread < 0.0):
        yield "WARNING: no mosaic spread specified.  setting mosaic_domains = 1"
    if count > 0 and spread == 0.0:
        yield "WARNING: zero mosaic spread specified.  setting mosaic_domains = 1"


def _detector_start(experiment: ExperimentData) -> Iterator[str]:
    detector, options = experiment.detector, experiment.options
    yield f"{detector.convention.lower()} convention selected."
    yield f"pivoting detector around {'sample' if detector.pivot == 'SAMPLE' else 'direct beam spot'}"
    beam = experiment.beam.direction
    axes = (detector.fast, detector.slow, detector.normal)
    yield f"XDS incident beam: {_numbers([dot(beam, axis).item() for axis in axes])}"
    if options.interpolate is None:
        typed = (options.n_a, options.n_b, options.n_c)
        early = experiment.quirks.interpolate_before_sizes
        cells = typed if early else experiment.crystal.whole_n_cells
        chosen = "tricubic interpolation of structure factors" if min(cells) <= 2 else "no interpolation"
        yield f"auto-selected {chosen}"


def _cell(experiment: ExperimentData) -> Iterator[str]:
    crystal, options = experiment.crystal, experiment.options
    if options.matrix_file is not None:
        yield f"reading {options.matrix_file}"
    random = experiment.inputs.random_misset
    if options.misset_random and random is not None:
        yield f"random orientation misset angles: {' '.join(f'{angle * RTD:f}' for angle in random)} deg"
    real = (crystal.a * ANGSTROM_PER_M, crystal.b * ANGSTROM_PER_M, crystal.c * ANGSTROM_PER_M)
    reciprocal = (crystal.a_star, crystal.b_star, crystal.c_star)
    volume = _volume(experiment, real)
    yield f"Unit Cell: {_numbers(_edges_and_angles(real, reciprocal, volume))}"
    yield f"Recp Cell: {_numbers(_edges_and_angles(reciprocal, real, 1.0 / volume))}"
    yield f"volume = {volume:g} A^3"
    yield from _vectors("real-space cell vectors (Angstrom):", ("a", "b", "c"), real)
    yield from _vectors("reciprocal-space cell vectors (Angstrom^-1):", ("a_star", "b_star", "c_star"), reciprocal)


def _volume(experiment: ExperimentData, real: Triple) -> float:
    """Volume of the cell [A^3]: that of ``-cell`` where it counts, else that of the vectors."""
    cell = typed_cell(experiment.options)
    if cell is not None and (experiment.options.matrix_file is None or experiment.quirks.matrix_rescaled_by_cell):
        return cell_volume(cell_in_radians(cell)).item()
    return dot(real[0], cross(real[1], real[2])).item()


def _edges_and_angles(vectors: Triple, dual: Triple, volume: float) -> list[float]:
    """Lengths of three vectors, and the angles [degrees] between the second and third, third and first, first and
    second.

    C takes the sines from the lengths of the ``dual`` vectors and the ``volume``, which contradict the cosines where
    its vectors have other angles than ``-cell``.
    """
    edges = [length(vector).item() for vector in vectors]
    angles = []
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        sine = length(dual[i]).item() * volume / edges[j] / edges[k]
        cosine = dot(vectors[j], vectors[k]).item() / edges[j] / edges[k]
        angles.append(math.atan2(max(-1.0, min(sine, 1.0)), cosine if abs(cosine) <= 1.0 else 1.0) * RTD)
    return [*edges, *angles]


def _vectors(title: str, names: Sequence[str], vectors: Triple) -> Iterator[str]:
    yield title
    yield "     " + "  ".join(name.ljust(10) for name in names)
    columns = [vector.tolist() for vector in vectors]
    for axis, row in zip("XYZ", zip(*columns, strict=True), strict=True):
        yield f"{axis}: " + " ".join(f"{value:11.8f}" for value in row)


def _size(experiment: ExperimentData) -> Iterator[str]:
    """Size of the crystal, sub-pixels, molecular weight."""
    crystal, sampling = experiment.crystal, experiment.sampling
    edges = [length(vector).item() for vector in (crystal.a, crystal.b, crystal.c)]
    widths = [edge * count for edge, count in zip(edges, crystal.n_cells.tolist(), strict=True)]
    yield f"crystal is {' x '.join(f'{width * 1e6:g}' for width in widths)} microns"
    resolved = float(experiment.beam.wavelength * experiment.detector.distance / experiment.detector.pixel_size)
    needed = max(math.ceil(_SUBPIXELS_PER_WIDTH * max(widths) / resolved), 1) if resolved else 1
    if experiment.options.oversample <= 0:
        yield f"auto-selected {sampling.oversample}-fold oversampling"
    if sampling.oversample < needed:
        yield f"WARNING: maximum dimension of sample is {max(widths) * ANGSTROM_PER_M:g} A"
        yield f"         but reciprocal pixel size is {resolved * ANGSTROM_PER_M:g} A"
        yield "         intensity may vary significantly across a pixel!"
        yield f"         recommend -oversample {needed} to work around this"
    yield f"approximate MW = {math.prod(edges) * _DENSITY * AVOGADRO:g}"


def _structure_factors(experiment: ExperimentData) -> Iterator[str]:
    """Files of structure factors; an MTZ or CIF file, which C cannot read, has none of these lines."""
    options, table = experiment.options, experiment.structure_factors
    if options.hkl_file is None:
        if table.grid is not None:
            yield f"reading Fs from {options.dump_file}"
        return
    if experiment.inputs.hkl_path:
        return
    yield f"counting entries in {options.hkl_file}"
    if options.default_f != 0.0:
        yield f"initializing to default_F = {options.default_f:g}:"
        yield "done initializing:"
    yield f"re-reading {options.hkl_file}"
    yield f"writing dump file for next time: {options.dump_file}"


def _steps(experiment: ExperimentData) -> Iterator[str]:
    """Sensor layers, phi steps, divergence and wavelengths."""
    options, detector = experiment.options, experiment.detector
    layer = float(detector.layer_thickness)
    for number in range(detector.n_layers):
        yield f"thick{number} = {layer * number * 1e6:g} um"
    for number, phi in enumerate(experiment.sampling.phi_values()):
        yield f"phi{number} = {phi * RTD:g}"
    if options.source_file is not None:
        return
    for deviation in _divergences(experiment):
        yield f"divergence deviation: {_numbers(deviation)}"
    dispersion, wave = plan.dispersion_steps(options), float(experiment.beam.wavelength)
    for number in range(dispersion.count):
        yield f"lambda{number} = {wave * (1.0 + dispersion.step * number - dispersion.range / 2.0):.15g}"


def _divergences(experiment: ExperimentData) -> list[tuple[float, float]]:
    options = experiment.options
    return accepted_divergences(plan.hdiv_steps(options), plan.vdiv_steps(options), options.round_div)


def _sources(experiment: ExperimentData) -> Iterator[str]:
    beam = experiment.beam
    yield f"  created a total of {len(beam.source_positions)} sources:"
    rows = zip(
        beam.source_positions.tolist(), beam.source_weights.tolist(), beam.source_wavelengths.tolist(), strict=True
    )
    for position, weight, wave in rows:
        yield f"{_numbers(position)}   {weight:g} {wave:g}"


def _summary(experiment: ExperimentData) -> Iterator[str]:
    options, beam, crystal = experiment.options, experiment.beam, experiment.crystal
    yield f"  {experiment.structure_factors.n_reflections} initialized hkls (all others ={options.default_f:g})"
    yield f"  {_SHAPES[crystal.shape]} xtal: {'x'.join(f'{count:.0f}' for count in crystal.n_cells.tolist())} cells"
    spectrum = plan.dispersion_steps(options)
    yield f"  wave={float(beam.wavelength):g} meters +/- {spectrum.range * 100:g}% in {spectrum.count} steps"
    yield (
        "  polarization effect disabled"
        if beam.nopolar
        else f"  Kahn polarization factor: {float(beam.polarization):f}"
    )
    if experiment.detector.curved:
        yield "  curved detector: all pixels same distance from origin"
    if experiment.detector.point_pixel:
        yield "  pixel obliquity effect disabled"
    yield f"  incident fluence: {float(beam.fluence):g} photons/m^2"


def _detector(experiment: ExperimentData) -> Iterator[str]:
    detector, beam = experiment.detector, experiment.beam
    pixel = float(detector.pixel_size)
    sizes = f"detsize={pixel * detector.n_fast:g}x{pixel * detector.n_slow:g}"
    pixels = f"pixel={pixel:g} meters ({detector.n_fast}x{detector.n_slow} pixels)"
    yield f"  distance={float(detector.distance):g} {sizes}  {pixels}"
    sensor = f"sensor is {float(detector.thickness):g} m thick in {detector.n_layers} layers"
    yield f"  {sensor} with mu= {float(detector.attenuation):g}"
    for first, second in (("Xbeam", "Ybeam"), ("Fbeam", "Sbeam"), ("Xclose", "Yclose"), ("Fclose", "Sclose")):
        yield f"  {first}={detector.centers[first]:g} {second}={detector.centers[second]:g}"
    named = (("X", detector.fast), ("Y", detector.slow), ("Z", detector.normal))
    for axis, vector in named:
        yield f"  DIRECTION_OF_DETECTOR_{axis}-AXIS= {_numbers(vector)}"
    yield f"  INCIDENT_BEAM_DIRECTION= {_numbers(beam.direction)}"
    yield f"  spindle ROTATION_AXIS= {_numbers(experiment.crystal.spindle)}"
    yield f"  POLARIZATION_PLANE_NORMAL= {_numbers(cross(beam.direction, beam.polarization_axis))}"
    x, y, z = (1000.0 * value for value in detector.pix0.tolist())
    yield f"  dials origin= {_numbers((z, y, -x))}"
    yield "  roi: {} < x < {} && {} < y < {}".format(*_region(experiment))


def _region(experiment: ExperimentData) -> tuple[int, int, int, int]:
    """The region as C prints it: a missing upper limit is the number of pixels."""
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = experiment.options.roi or (-1, -1, -1, -1)
    upper = (detector.n_fast if fast1 < 0 else fast1, detector.n_slow if slow1 < 0 else slow1)
    return max(fast0, 0), upper[0], max(slow0, 0), upper[1]


def _counts(experiment: ExperimentData) -> Iterator[str]:
    options, sampling = experiment.options, experiment.sampling
    for name, fan in (("hdiv", plan.hdiv_steps(options)), ("vdiv", plan.vdiv_steps(options))):
        yield f"  {name}range={fan.range:g} {name}step={fan.step:g}  radians"
    yield f"  {-1 if options.source_file is not None else len(_divergences(experiment))} divergence steps"
    yield f"  {len(experiment.beam.source_positions)} sources"
    spread, domains = experiment.crystal.mosaic_spread, experiment.crystal.mosaic_matrices.shape[0]
    yield f"  {domains} mosaic domains over mosaic spread of {spread * RTD:g} degrees"
    start, end = sampling.phi_start, sampling.phi_start + sampling.oscillation
    yield f"  {sampling.n_phi} phi steps from {start * RTD:g} to {end * RTD:g} degrees"
    flags = (
        ("thick", sampling.oversample_thick),
        ("polar", sampling.oversample_polar),
        ("omega", sampling.oversample_omega),
    )
    chosen = "".join(f" +{name}" for name, on in flags if on)
    yield f"  {sampling.oversample}x{sampling.oversample} pixel oversample steps{chosen}"
    if options.mask_file is not None:
        yield f"  skipping zero-flagged pixels in {options.mask_file}"


def _noise(experiment: ExperimentData) -> Iterator[str]:
    options = experiment.options
    if not options.write_noise:
        return
    yield ""
    yield "  noise image paramters:"  # C's spelling, which scripts match
    if options.noise_seed is not None:
        yield f"  seed: {-options.noise_seed}"
    yield f"  water droplet size: {experiment.sampling.water:g} m"
