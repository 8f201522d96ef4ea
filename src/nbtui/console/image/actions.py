"""The action table of the image screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

IMAGE_ACTIONS: ActionTable[object] = ActionTable(
    "image.",
    "Image",
    (
        Action("view_c", ("1",), "1", "", "the C image"),
        Action("view_python", ("2",), "2", "", "the live image"),
        Action("view_difference", ("3",), "3", "", "live minus C"),
        Action("closer", ("plus", "equals_sign"), "+ =", "closer", "closer, around the cursor"),
        Action("further", ("minus",), "-", "further", "further away"),
        Action("whole", ("0",), "0", "all", "the whole detector"),
        Action("up", ("up", "k"), "up k", "", "one pixel up, slow - 1"),
        Action("down", ("down", "j"), "down j", "", "one pixel down, slow + 1"),
        Action("left", ("left", "h"), "left h", "", "one pixel left, fast - 1"),
        Action("right", ("right", "l"), "right l", "", "one pixel right, fast + 1"),
        Action("up_10", ("shift+up", "K", "shift+k"), "K", "", "ten pixels up; or shift-up"),
        Action("down_10", ("shift+down", "J", "shift+j"), "J", "", "ten pixels down"),
        Action("left_10", ("shift+left", "H", "shift+h"), "H", "", "ten pixels left"),
        Action("right_10", ("shift+right", "L", "shift+l"), "L", "", "ten pixels right"),
        Action("worst_next", ("n",), "n", "next worst", "next largest difference"),
        Action("worst_previous", ("N", "shift+n"), "N", "", "previous of them"),
        Action("home", ("home",), "Home", "", "the pixel of the main screen"),
        Action("log_pixel", ("c",), "c", "", "the pixel of C's log"),
        Action("trace", ("enter",), "Enter", "trace it", "trace it on the main screen"),
        Action("close_up", ("s",), "s", "close up", "single pixels around the cursor; again: the whole detector"),
        Action("go_to", ("colon", "slash"), ": /", "go to", "type a pixel: slow fast"),
        Action("range", ("r",), "r", "range", "decades shown: 2 3 4 6 8"),
        Action("characters", ("v",), "v", "letters", "letters (a fifth of the bytes) or colours"),
        Action("phi_previous", ("left_square_bracket",), "[", "", "previous phi step"),
        Action("phi_next", ("right_square_bracket",), "]", "", "next phi step: its spot moves"),
        Action("domain_previous", ("left_curly_bracket",), "{", "", "previous mosaic domain"),
        Action("domain_next", ("right_curly_bracket",), "}", "", "next mosaic domain"),
        Action("rings", ("o",), "o", "rings", "resolution rings, beam x"),
        Action("stop", ("escape",), "Esc", "", "stop simulating; else back"),
        Action("help", ("question_mark",), "?", "keys", "these keys"),
        Action("close", ("q", "i"), "q", "back", "back to the main screen"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave nbtui; exit code 130"),
    ),
)
