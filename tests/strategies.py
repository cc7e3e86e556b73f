"""What Hypothesis draws texts from: everything that UTF-8 can hold, and often what has hurt somebody."""

from hypothesis import strategies as st

_VISIBLE = "' \" ''' \"\"\" \\ {{ds}} {% {# #} }} $(id) `id` ${HOME} ; && */ --> .sh .bash %s # -- é 😀 漢字"
_INVISIBLE = [" ", "\n", "\\\n", "\r\n", "\r", "\t", "\x1b[2J", "\u202e", "\u2066", "\u2028", "\ufeff", "\xad"]
HOSTILE = st.sampled_from(["{{ ds }}", *_VISIBLE.split(), *_INVISIBLE])
TEXT = st.lists(
    st.one_of(HOSTILE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)),
    max_size=6,
).map("".join)
