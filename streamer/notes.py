"""What the reports of a worker say of a track, written into its record. Pure."""

from hls.model import Rendition, Segment
from hls.report import (
    AnyReport,
    LoudnessMeasured,
    Opened,
    PeaksCut,
    RenditionFinished,
    RenditionStarted,
    SegmentCut,
    Tagged,
)
from streamer.tags import Tags
from streamer.track import TrackRecord
from streamer.waveform import Peaks


def note(record: TrackRecord, report: AnyReport) -> None:
    """Write down what is known now; reports that end the work say nothing of the track itself."""
    match report:
        case SegmentCut():
            _append(record, report)
        case PeaksCut():
            if record.peaks is None:
                record.peaks = Peaks(report.sample_rate, report.samples_per_peak)
            record.peaks.extend(report.data, report.samples_per_peak)
        case Opened():
            record.duration_ms = report.duration_ms
        case Tagged():
            for name in Tags.__struct_fields__:
                setattr(record, name, getattr(report, name))
            record.cover_type = report.cover_type
        case RenditionStarted():
            record.renditions[report.name] = Rendition(
                report.name, report.codecs, report.timescale, report.channels, report.init_size_bytes, []
            )
        case RenditionFinished():
            record.renditions[report.name].complete = True
        case LoudnessMeasured():
            record.integrated_lufs, record.range_lu = report.integrated_lufs, report.range_lu
            record.true_peak_dbtp = report.true_peak_dbtp
            record.loudness_histogram = report.histogram


def forget(record: TrackRecord) -> None:
    """Packaging begins anew."""
    record.renditions, record.packaged_ticks, record.peaks = {}, 0, None
    record.playable = False


def _append(record: TrackRecord, cut: SegmentCut) -> None:
    rendition = record.renditions[cut.rendition]
    rendition.append(Segment(cut.offset_bytes, cut.size_bytes, cut.duration_ticks))
    if rendition is next(iter(record.renditions.values())):
        record.packaged_ticks += cut.duration_ticks
