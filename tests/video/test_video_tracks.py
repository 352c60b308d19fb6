"""Recordings of boxes: what goes in comes out frame by frame, and text files say the same as arrays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import EmptyVideo, VideoError
from oddframe.video import ASSUMED_FPS, TrackVideo, find_videos, open_tracks, open_video, write_video

ROWS = "1,4,10,20,30,60,0.9,-1,-1,-1\n3,4,12,20,30,60,0.8,-1,-1,-1\n3,9,100,50,20,40,1,-1,-1,-1\n"


def two_people(**how: Any) -> TrackVideo:
    """The recording that `ROWS` describes, its rows in another order."""
    boxes = [[100, 50, 120, 90], [10, 20, 40, 80], [12, 20, 42, 80]]
    return TrackVideo([2, 0, 2], [9, 4, 4], boxes, **{"width": 200, "height": 100, **how})


def write(path: Path, text: str = ROWS, info: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if info is not None:
        (path.parent / "seqinfo.ini").write_text(info)
    return path


def contents(video: Any) -> list[Any]:
    return [(f.index, f.time, f.boxes.track.tolist(), f.boxes.box.tolist()) for f in video]


def test_every_frame_tells_its_boxes() -> None:
    video = two_people(fps=10, frames=5)
    assert (video.medium, video.info.frames, video.count(), video.fps_assumed) == ("tracks", 5, 5, False)
    assert contents(video) == [
        (0, 0.0, [4], [[10, 20, 40, 80]]),
        (1, 0.1, [], []),
        (2, 0.2, [4, 9], [[12, 20, 42, 80], [100, 50, 120, 90]]),
        (3, 0.3, [], []),
        (4, 0.4, [], []),
    ]
    assert video.boxes == 3
    assert contents([video.frame_at(2)]) == contents(video)[2:3]
    with pytest.raises(VideoError, match="has no frame 5"):
        video.frame_at(5)


def test_pictures_are_black_and_take_no_memory() -> None:
    first, *_, last = list(two_people())
    assert first.image.shape == (100, 200, 3)
    assert not first.image.any()
    assert first.image.base is last.image.base
    assert first.image.strides == (0, 0, 0)


def test_the_digest_follows_the_content_alone() -> None:
    same = {two_people().digest(), two_people(fps=7, name="other", source="elsewhere").digest()}
    others = {two_people(frames=9).digest(), two_people(width=201).digest()}
    moved = TrackVideo([0], [4], [[10, 20, 40, 81]], width=200, height=100)
    assert len(same) == 1
    assert len(same | others | {moved.digest()}) == 4


@given(st.permutations(range(6)))
def test_the_order_of_rows_makes_no_difference(order: list[int]) -> None:
    frame, track = np.array([0, 0, 1, 1, 3, 3]), np.array([1, 2, 1, 2, 1, 2])
    box = np.arange(6)[:, None] + np.array([0.0, 0, 5, 9])
    shuffled = TrackVideo(frame[order], track[order], box[order], width=50, height=40)
    assert contents(shuffled) == contents(TrackVideo(frame, track, box, width=50, height=40))


@pytest.mark.parametrize(
    ("frame", "track", "box", "says"),
    [
        ([0, 0], [3, 3], [[0, 0, 1, 1], [0, 0, 2, 2]], "track 3 has two boxes in frame 0"),
        ([0], [3], [[5, 0, 5, 1]], "row 0: no box of a frame"),
        ([-1], [3], [[0, 0, 5, 1]], "row 0: no box of a frame: frame -1"),
        ([0], [3], [[0, 0, np.nan, 1]], "row 0: no box"),
        ([0, 1], [3], [[0, 0, 1, 1]], "shapes disagree"),
        ([7], [3], [[0, 0, 1, 1]], "has a box in frame 7, but only 5 frames"),
    ],
)
def test_impossible_boxes_are_refused(frame: Any, track: Any, box: Any, says: str) -> None:
    with pytest.raises(VideoError, match=says):
        TrackVideo(frame, track, box, width=9, height=9, frames=5)


def test_nobody_in_view_is_a_recording_nothing_is_not() -> None:
    assert len(list(TrackVideo([], [], np.zeros((0, 4)), width=9, height=9, frames=3))) == 3
    with pytest.raises(EmptyVideo, match="neither boxes nor frames"):
        TrackVideo([], [], np.zeros((0, 4)), width=9, height=9)


def test_a_text_file_is_the_same_recording(tmp_path: Path) -> None:
    video = open_video(write(tmp_path / "gate.txt"), fps=24)
    assert contents(video) == contents(two_people(fps=24))
    assert (video.info.id, video.info.width, video.info.height) == ("gate", 120, 90)
    assert open_video(tmp_path / "gate.txt").info.fps == ASSUMED_FPS
    assert open_video(tmp_path / "gate.txt").fps_assumed
    assert open_tracks(tmp_path / "gate.txt", size=(200, 100)).digest() == two_people().digest()


@pytest.mark.parametrize("below", ["", "gt"])
def test_the_sequence_s_description_is_followed(tmp_path: Path, below: str) -> None:
    info = "[Sequence]\nname=x\nframeRate=14\nseqLength=8\nimWidth=640\nimHeight=480\n"
    write(tmp_path / below / "gt.txt")
    (tmp_path / "seqinfo.ini").write_text(info)
    found = open_video(tmp_path / below / "gt.txt").info
    assert (found.width, found.height, found.fps, found.frames) == (640, 480, Fraction(14), 8)
    assert open_video(tmp_path / below / "gt.txt", fps=7).info.fps == 7


def test_a_description_beside_several_files_tells_no_length(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", info="[Sequence]\nframeRate=14\nseqLength=2\nimWidth=640\nimHeight=480\n")
    write(tmp_path / "b.txt")
    assert [(v.info.frames, v.info.width) for v in find_videos(tmp_path)] == [(3, 640), (3, 640)]


def test_rows_marked_as_not_to_count_do_not(tmp_path: Path) -> None:
    video = open_video(write(tmp_path / "a.txt", ROWS + "4,5,1,1,9,9,0,1,1\n"))
    assert contents(video) == contents(two_people())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,-1,10,20,30,60,0.9\n", r"a\.txt:1: id -1: these are detections.*run a tracker"),
        (ROWS + "4,5,x,1,9,9\n", r"a\.txt:4: '4,5,x,1,9,9' is not frame,id,left"),
        (ROWS + "4,5,1,1\n", r"a\.txt:4: .* is not frame,id,left"),
        (ROWS + "4.5,5,1,1,9,9\n", r"a\.txt:4: .* is not frame,id,left"),
        (ROWS + "0,5,1,1,9,9\n", r"a\.txt:4: frames count from 1"),
        (ROWS + "4,5,1,1,0,9\n", r"a\.txt:4: .*width and height are over 0"),
        ("", r"a\.txt: has neither boxes nor frames"),
    ],
)
def test_damaged_rows_are_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(VideoError, match=says):
        open_video(write(tmp_path / "a.txt", text))


def test_a_damaged_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"seqinfo\.ini: not the description of a sequence"):
        open_video(write(tmp_path / "a.txt", info="[Sequence]\nimWidth=wide\n"))


def test_text_of_tracks_is_found_and_other_text_is_not(tmp_path: Path) -> None:
    write(tmp_path / "02.txt")
    write(tmp_path / "10.txt")
    write(tmp_path / "README.txt", "1. Read me, please.\n")
    for source in (tmp_path, tmp_path / "*.txt", tmp_path / "*"):
        assert [video.info.id for video in find_videos(source)] == ["02", "10"]


def test_beside_video_text_of_tracks_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "gt" / "gt.txt")
    write_video(tmp_path / "a.mp4", [np.zeros((16, 16, 3), np.uint8)] * 2, 25)
    assert [video.medium for video in find_videos(tmp_path)] == ["pictures"]
