"""What real clients send, and which rows of the policy table that is. Pure: an element in, facts out."""

from xml.etree.ElementTree import Element

import pytest

from component.policy.classify import MOST_CHILDREN, MOST_PARTS, MOST_PIECES, Facts, classify, invitation, joins_room
from component.policy.elements import ELEMENTS
from component.policy.features import Feature
from component.xml import parse
from tests.support.work import work

TEXT = "<body>Hello</body>"


def facts(content: str, type: str = "chat") -> Facts:
    return classify(parse(f"<message type='{type}' id='m1'>{content}</message>"))


def names(content: str) -> str:
    """The features of the elements in order, in lower case."""
    return " ".join(feature.name.lower() for feature, _ in facts(content).parts)


# What a person typed, as clients wrap it. All of these are meant.
WRITTEN = {
    "conversations": (
        "<body>Hello</body><markable xmlns='urn:xmpp:chat-markers:0'/>"
        "<origin-id xmlns='urn:xmpp:sid:0' id='m1'/><request xmlns='urn:xmpp:receipts'/>"
        "<active xmlns='http://jabber.org/protocol/chatstates'/>",
        "body marker origin_id receipt chat_state",
    ),
    "gajim": (
        "<origin-id xmlns='urn:xmpp:sid:0' id='m1'/><body>Hello</body><thread>xyz</thread>"
        "<markable xmlns='urn:xmpp:chat-markers:0'/><request xmlns='urn:xmpp:receipts'/>"
        "<active xmlns='http://jabber.org/protocol/chatstates'/>",
        "origin_id body thread marker receipt chat_state",
    ),
    "profanity": (
        "<active xmlns='http://jabber.org/protocol/chatstates'/><body>Hello</body>"
        "<origin-id xmlns='urn:xmpp:sid:0' id='m1'/><nick xmlns='http://jabber.org/protocol/nick'>Bob</nick>",
        "chat_state body origin_id nick",
    ),
    "with hints": ("<body>Hello</body><store xmlns='urn:xmpp:hints'/>", "body unknown"),
    "with a subject": ("<subject>Prices</subject><body>Hello</body>", "unknown body"),
    "unstyled": ("<body>*Hello*</body><unstyled xmlns='urn:xmpp:styling:0'/>", "body unstyled"),
    "two languages": ("<body>Hello</body><body xml:lang='de'>Hallo</body>", "body body"),
    "correction": ("<body>Hallo</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>", "body correction"),
    "correction by last fluux": (
        "<body>[Corrected] Hallo</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-correct:0'><body start='0' end='12'/></fallback>",
        "body correction fallback",
    ),
    "retraction by dino": (
        "<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>"
        "<body>/me retracted a message, but it's unsupported by your client.</body><store xmlns='urn:xmpp:hints'/>",
        "retraction fallback body unknown",
    ),
    "retraction without a text": ("<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>", "retraction"),
    "old retraction by converse": (
        "<apply-to xmlns='urn:xmpp:fasten:0' id='m0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"
        "<body>This person attempted to retract a message.</body>",
        "unknown body",
    ),
    "reply by dino": (
        "<body>&gt; How much?\nTen.</body><reply xmlns='urn:xmpp:reply:0' to='bob@work.acme.test/dino' id='m0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='12'/></fallback>",
        "body reply fallback",
    ),
    "spoiler": ("<body>Snape</body><spoiler xmlns='urn:xmpp:spoiler:0'/>", "body unknown"),
    "mention": (
        "<body>Ask Bob</body><reference xmlns='urn:xmpp:reference:0' type='mention' begin='4' end='7' "
        "uri='xmpp:bob@work.acme.test'/>",
        "body unknown",
    ),
    "markdown by movim": (
        "<body>*Hello*</body><content xmlns='urn:xmpp:content' type='text/markdown'>**Hello**</content>",
        "body typed_content",
    ),
    "markup": (
        "<body>Hello</body><markup xmlns='urn:xmpp:markup:0'><span start='0' end='5'><emphasis/></span></markup>",
        "body markup",
    ),
    "xhtml by ejabberd's order": (
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
        "<b>Hello</b></body></html><body>Hello</body>",
        "xhtml body",
    ),
    "xhtml alone": (
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'/></html>",
        "xhtml",
    ),
    "upload by conversations": (
        "<body>https://up.test/a/b.jpg</body><x xmlns='jabber:x:oob'><url>https://up.test/a/b.jpg</url></x>",
        "body file",
    ),
    "upload by dino (SFS)": (
        "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'><file xmlns='urn:xmpp:file:metadata:0'>"
        "<name>b.jpg</name></file><sources><url-data xmlns='http://jabber.org/protocol/url-data' "
        "target='https://up.test/a/b.jpg'/></sources></file-sharing>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>"
        "<body>https://up.test/a/b.jpg</body><x xmlns='jabber:x:oob'><url>https://up.test/a/b.jpg</url></x>",
        "file fallback body file",
    ),
    "upload by movim (SIMS)": (
        "<body>See this</body><reference xmlns='urn:xmpp:reference:0' type='data'>"
        "<media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>"
        "<sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='https://up.test/a'/></sources>"
        "</media-sharing></reference>",
        "body file",
    ),
    "a file of the client's own (SIMS)": (
        "<body>See this</body><reference xmlns='urn:xmpp:reference:0' type='data'>"
        "<media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:5'/></media-sharing>"
        "</reference>",
        "body file_elsewhere",
    ),
    "a file of the client's own, uploaded too": (
        "<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'>"
        "<sources><reference xmlns='urn:xmpp:reference:0' uri='xmpp:b@x/y?jingle-ft'/></sources></media-sharing>"
        "</reference><x xmlns='jabber:x:oob'><url>https://up.test/a</url></x>",
        "file file",
    ),
    "announced by dino": (
        "<file-sharing xmlns='urn:xmpp:sfs:0' id='1'><file xmlns='urn:xmpp:file:metadata:0'/></file-sharing>",
        "file_announced",
    ),
    "an address of another kind": ("<x xmlns='jabber:x:oob'><url>sip:bob@up.test</url></x>", "file_elsewhere"),
    "nothing in it": ("<x xmlns='jabber:x:oob'/>", "file_detail"),
    "sticker": (
        "<body>:)</body><sticker xmlns='urn:xmpp:stickers:0' pack='p1'/><file-sharing xmlns='urn:xmpp:sfs:0'/>",
        "body file_detail file_announced",
    ),
    "bits of binary": ("<data xmlns='urn:xmpp:bob' cid='sha1+1@bob.xmpp.org'>AAAA</data>", "file_detail"),
    "encrypted upload": ("<body>aesgcm://up.test/a/b.jpg#0011</body>", "encrypted_file"),
    "encrypted upload with a thumbnail": ("<body>aesgcm://up.test/a#00\ndata:image/jpeg,AA</body>", "encrypted_file"),
    "encrypted upload after a caption": ("<body>See this: AESGCM://up.test/a#00</body>", "encrypted_file"),
    "encrypted upload in OOB": (
        "<body>See</body><x xmlns='jabber:x:oob'><url> aesgcm://up.test/a#00</url></x>",
        "body encrypted_file",
    ),
    "encrypted upload in SFS": (
        "<file-sharing xmlns='urn:xmpp:sfs:0'><sources><encrypted xmlns='urn:xmpp:esfs:0'/></sources></file-sharing>",
        "encrypted_file",
    ),
    "call by conversations": (
        "<propose xmlns='urn:xmpp:jingle-message:0' id='c1'>"
        "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose><store xmlns='urn:xmpp:hints'/>",
        "call_offer unknown",
    ),
    "call by dino": ("<invite xmlns='urn:xmpp:call-invites:0' video='false'/>", "call_offer"),
    "OMEMO by conversations": (
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>AA</payload></encrypted>"
        "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl' name='OMEMO'/>"
        "<body>I sent you an OMEMO encrypted message</body>",
        "encrypted encryption_mark body",
    ),
    "OMEMO 2": ("<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/><payload>AA</payload></encrypted>", "encrypted"),
    "OpenPGP": ("<openpgp xmlns='urn:xmpp:openpgp:0'>AA</openpgp>", "encrypted"),
    "old OpenPGP": ("<body>Encrypted</body><x xmlns='jabber:x:encrypted'>AA</x>", "body encrypted"),
    "old OpenPGP, signed": ("<body>Hello</body><x xmlns='jabber:x:signed'>AA</x>", "body encrypted"),
    "OTR": ("<body>?OTR:AAMDJ.</body>", "encrypted"),
    "OTR, asking": ("<body>?OTRv23?\nbob would like to talk in private</body>", "encrypted"),
    "an encryption that nobody knows": (
        "<body>Encrypted</body><encryption xmlns='urn:xmpp:eme:0' namespace='of:tomorrow'/>",
        "body encryption_mark",
    ),
    "direct invitation": ("<x xmlns='jabber:x:conference' jid='room@conference.work.acme.test'/>", "room_invitation"),
    "mediated invitation": (
        "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='bob@work.acme.test'/></x>",
        "mediated_invitation",
    ),
    "to several": (
        "<body>Hello</body><addresses xmlns='http://jabber.org/protocol/address'>"
        "<address type='to' jid='alice@agents.acme.test'/><address type='bcc' jid='dan@agents.acme.test'/></addresses>",
        "body multicast",
    ),
    "to one, with a header": (
        "<body>Hello</body><addresses xmlns='http://jabber.org/protocol/address'>"
        "<address type='to' jid='alice@agents.acme.test'/><address type='replyto' jid='bob@work.acme.test'/>"
        "</addresses>",
        "body unknown",
    ),
    "from a MIX channel": ("<body>Hello</body><mix xmlns='urn:xmpp:mix:core:1'><nick>bob</nick></mix>", "body mix"),
    "forged carbon": (
        "<body>Hello</body><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>",
        "body wrapper",
    ),
    "forged history": ("<body>Hello</body><result xmlns='urn:xmpp:mam:2' id='1'/>", "body wrapper"),
    "forwarded": ("<body>Look</body><forwarded xmlns='urn:xmpp:forward:0'/>", "body wrapper"),
    "forged time": ("<body>Hello</body><delay xmlns='urn:xmpp:delay' stamp='1999-01-01T00:00:00Z'/>", "body wrapper"),
    "forged privilege": ("<body>Hello</body><privilege xmlns='urn:xmpp:privilege:2'/>", "body wrapper"),
    "forged archive id": (
        "<body>Hello</body><stanza-id xmlns='urn:xmpp:sid:0' by='alice@cc.acme.test' id='1'/>",
        "body stanza_id",
    ),
    "roster item exchange": (
        "<body>Add her</body><x xmlns='http://jabber.org/protocol/rosterx'><item action='add' jid='x@y.test'/></x>",
        "body unknown",
    ),
    "form": ("<body>Choose</body><x xmlns='jabber:x:data' type='form'/>", "body unknown"),
    "attention": ("<body>Buzz</body><attention xmlns='urn:xmpp:attention:0'/>", "body attention"),
    "a word about aesgcm:": ("<body>What is aesgcm: for? And xaesgcm:x?</body>", "body"),
    "a word about ?OTR": ("<body>?OTR is old, ?otr too</body>", "body"),
}

# What nobody typed: no text, or none of its own. None of these gets an answer.
NOTICES = {
    "typing": ("<composing xmlns='http://jabber.org/protocol/chatstates'/>", "chat_state"),
    "gone": ("<gone xmlns='http://jabber.org/protocol/chatstates'/>", "gone"),
    "real-time text": ("<rtt xmlns='urn:xmpp:rtt:0' seq='1'><t>H</t></rtt>", "real_time_text"),
    "receipt": ("<received xmlns='urn:xmpp:receipts' id='m0'/>", "receipt"),
    "marker": ("<displayed xmlns='urn:xmpp:chat-markers:0' id='m0'/>", "marker"),
    "empty": ("", ""),
    "blank body": ("<body> \n </body>", "unknown"),
    "subject only": ("<subject>Prices</subject>", "unknown"),
    "call that ended": ("<finish xmlns='urn:xmpp:jingle-message:0' id='c1'/>", "call_notice"),
    "call taken up elsewhere": ("<accept xmlns='urn:xmpp:call-invites:0' id='c1'/>", "call_notice"),
    "data of a transfer": ("<data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='0'>AA</data>", "call_notice"),
    "keys of OMEMO": (
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>"
        "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>"
        "<store xmlns='urn:xmpp:hints'/>",
        "encryption_notice encryption_mark unknown",
    ),
    "reaction by dino": (
        "<reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction></reactions>"
        "<store xmlns='urn:xmpp:hints'/>",
        "reaction unknown",
    ),
    "reaction by cheogram": (
        "<body>&gt; How much?\n👍</body><reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction>"
        "</reactions><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body/></fallback>",
        "reaction reaction fallback",
    ),
    "reaction by old fluux": (
        "<body>&gt; How much?\n👍</body><reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction>"
        "</reactions><reply xmlns='urn:xmpp:reply:0' id='m0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='12'/></fallback>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body start='12' end='13'/></fallback>",
        "reaction reaction reply fallback fallback",
    ),
    "reaction with a whole fallback": (
        "<body>👍</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
        "reaction fallback",
    ),
    "moderation": ("<moderated xmlns='urn:xmpp:message-moderate:1'/>", "moderation"),
    "attention": ("<attention xmlns='urn:xmpp:attention:0'/>", "attention"),
    "PEP": ("<event xmlns='http://jabber.org/protocol/pubsub#event'><items/></event>", "pep_event"),
    "declined invitation": (
        "<x xmlns='http://jabber.org/protocol/muc#user'><decline to='bob@work.acme.test'/></x>",
        "unknown",
    ),
    "displayed elsewhere": ("<displayed xmlns='urn:xmpp:mds:displayed:0'/>", "marker"),
    "carbon": ("<received xmlns='urn:xmpp:carbons:2'/>", "wrapper"),
    "key of unknown make": ("<key xmlns='of:nobody'/>", "unknown"),
}


MANY = {
    "files": "<x xmlns='jabber:x:oob'><url>https://up.test/a</url></x>",
    "bodies": "<body xml:lang='de'>Hello</body>",
    "marks": "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body start='1'/></fallback>",
    "notices": "<active xmlns='http://jabber.org/protocol/chatstates'/>",
}


@pytest.mark.parametrize(("kind", "one"), MANY.items(), ids=MANY)
def test_more_than_anybody_writes(kind: str, one: str) -> None:
    """R2, C18: nothing of it is looked at."""
    facts = classify(parse(f"<message type='chat'>{one * (MOST_PARTS + 1)}</message>"))
    assert facts.features == {Feature.OVERSIZE}
    assert facts.meant == (kind in ("files", "bodies"))
    assert Feature.OVERSIZE not in classify(parse(f"<message>{one * MOST_PARTS}</message>")).features


def test_unnamed_elements_may_be_many() -> None:
    unnamed = "<y xmlns='of:nobody'/>" * (MOST_CHILDREN - 1)
    facts = classify(parse(f"<message><body>Hello</body>{unnamed}</message>"))
    assert facts.features == {Feature.BODY, Feature.UNKNOWN}


STANZA = 524_288
"""Bytes of the largest that ejabberd lets through."""


def filled(pattern: str, start: str = "", end: str = "") -> str:
    """As often as it fits, with a number in place of ``#``."""
    times = STANZA // len(pattern.replace("#", "12345"))
    return start + "".join(pattern.replace("#", str(number)) for number in range(times)) + end


HUGE = {
    "children": filled("<a/>"),
    "children of many names": filled("<a#/>"),
    "children of many namespaces": filled("<a xmlns='#'/>"),
    "grandchildren": filled("<a/>", "<x>", "</x>"),
    "attributes": filled(" a#=''", "<x", "/>"),
    "inside of each other": "<x>" * (STANZA // 7) + "</x>" * (STANZA // 7),
    "keys": filled("<a/>", "<encrypted xmlns='urn:xmpp:omemo:2'>", "</encrypted>"),
    "in a reference": filled("<a#/>", "<reference xmlns='urn:xmpp:reference:0'>", "</reference>"),
    "receivers": filled(
        "<address type='to'/>", "<addresses xmlns='http://jabber.org/protocol/address'>", "</addresses>"
    ),
    "bodies": filled("<body/>"),
}


@pytest.mark.parametrize("content", HUGE.values(), ids=HUGE)
def test_more_than_anybody_can_write(content: str) -> None:
    """R2, C18: it is too large, and found to be so with some calls for each piece that may be there."""
    alone = parse(f"<message>{content}</message>")
    body = parse("<message><body>Hello</body></message>")[0]
    for parts in ([*alone], [body, *alone], [*alone, body]):
        message = Element(alone.tag)
        message.extend(parts)
        assert work(lambda message=message: classify(message)) < 5 * MOST_PIECES  # type: ignore[misc]
        facts = classify(message)
        assert facts.features == {Feature.OVERSIZE}
        assert facts.meant == (body.tag in {part.tag for part in parts}), "whoever wrote is told that it is too large"


@pytest.mark.parametrize("content", HUGE.values(), ids=HUGE)
def test_a_presence_with_more_than_anybody_can_write(content: str) -> None:
    presence = parse(f"<presence>{content}<x xmlns='http://jabber.org/protocol/muc'/></presence>")
    assert joins_room(presence)
    assert work(lambda: joins_room(presence)) < 10


@pytest.mark.parametrize(("content", "expected"), WRITTEN.values(), ids=WRITTEN.keys())
def test_written(content: str, expected: str) -> None:
    assert names(content) == expected
    assert facts(content).meant


@pytest.mark.parametrize(("content", "expected"), NOTICES.values(), ids=NOTICES.keys())
def test_notices(content: str, expected: str) -> None:
    assert names(content) == expected
    assert not facts(content).meant


def test_a_text_beside_a_reaction_is_a_text() -> None:
    """C15: only what stands in for the reaction goes with it."""
    mixed = (
        "<body>&gt; How much?\nTen, and 👍</body><reactions xmlns='urn:xmpp:reactions:0' id='m0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body start='0' end='12'/></fallback>"
    )
    assert names(mixed) == "body reaction fallback"


@pytest.mark.parametrize("position", ["-1", "x", "9" * 5000, "٣", "1e3", ""])
def test_nonsense_in_fallbacks(position: str) -> None:
    """XEP-0428: a range that is none counts as not said, and costs nothing."""
    content = (
        "<body>Hello</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'>"
        f"<body start='{position}' end='{position}'/></fallback>"
    )
    assert names(content) == "reaction fallback"


@pytest.mark.parametrize(
    ("type", "read_as", "is_group_chat"),
    [
        ("chat", "chat", False),
        ("normal", "normal", False),
        ("groupchat", "groupchat", True),
        ("headline", "headline", False),
        ("error", "error", False),
        ("bob@work.acme.test", "normal", False),
        ("", "normal", False),
    ],
)
def test_types(type: str, read_as: str, is_group_chat: bool) -> None:
    """C1, C3; an unknown type means normal (RFC 6121 §5.2.2)."""
    read = facts(TEXT, type)
    assert read.type == read_as
    assert (Feature.GROUP_CHAT in read.features) == is_group_chat


def test_no_type_means_normal() -> None:
    assert classify(parse(f"<message>{TEXT}</message>")).type == "normal"


def test_sizes() -> None:
    """C18: bytes of the whole, characters of all bodies together."""
    read = facts("<body>é</body><body xml:lang='de'>四文字だ</body><x xmlns='of:nobody' a='12345'/>")
    assert read.body_chars == 5
    written = len("<message type='chat' id='m1'><body>é</body><body xml:lang='de'>四文字だ</body></message>".encode())
    assert written < read.size < 4 * written


def test_size_counts_what_is_hidden_deep() -> None:
    deep = "<x>" * 500 + "a" * 1000 + "</x>" * 500
    assert facts(deep).size >= len(deep)


def test_a_name_in_a_strange_namespace_is_unknown() -> None:
    """Default deny: names mean nothing without their namespace."""
    for _, name in ELEMENTS:
        assert names(f"<{name.replace('*', 'any')} xmlns='of:nobody'/>") == "unknown"
    assert names("<body xmlns=''>Hello</body>") == "unknown"
    assert names("<body xmlns='jabber:client:extra'>Hello</body>") == "unknown"


def test_every_feature_is_recognised() -> None:
    """No row of the table is dead: something names each feature, or it is about the message as a whole."""
    seen = {name for content, _ in (*WRITTEN.values(), *NOTICES.values()) for name in names(content).split()}
    of_the_whole = {Feature.GROUP_CHAT, Feature.SAME_LANGUAGE, Feature.OVERSIZE, Feature.OVER_RATE, Feature.ROOM_JOIN}
    assert seen == {feature.name.lower() for feature in set(Feature) - of_the_whole}


def test_joining_a_room() -> None:
    """C3: presence that would enter a face as if it were a room."""
    assert joins_room(parse("<presence><x xmlns='http://jabber.org/protocol/muc'/></presence>"))
    assert not joins_room(parse("<presence><show>away</show><x xmlns='vcard-temp:x:update'/></presence>"))


def test_who_invites() -> None:
    """C4"""
    invited = parse(
        "<message><body>Bob invites you</body><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<invite from='bob@work.acme.test'><reason>Lunch</reason></invite></x>"
        "<x xmlns='jabber:x:conference' jid='lunch@conference.work.acme.test'/></message>"
    )
    invite = invitation(invited)
    assert invite is not None
    assert invite.get("from") == "bob@work.acme.test"
    assert invitation(parse("<message><body>Lunch?</body></message>")) is None


@pytest.mark.parametrize(
    ("languages", "twice"),
    [
        (("", "de"), False),
        (("", ""), True),
        (("de", "DE"), True),
        (("de", "de-AT"), False),
        (("", "no language"), True),
    ],
)
def test_texts_in_one_language(languages: tuple[str, str], twice: bool) -> None:
    """C1, RFC 6121 §5.2.3: as the receiver would get them, where what is no language tag is none."""
    read = facts("".join(f"<body xml:lang='{language}'>Hi</body>" for language in languages))
    assert (Feature.SAME_LANGUAGE in read.features) == twice


@pytest.mark.parametrize(
    "content",
    [
        "<thread>1234567</thread>",
        "<thread parent='1234567'>1</thread>",
        "<origin-id xmlns='urn:xmpp:sid:0' id='1234567'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='1234567'/>",
        "<retract xmlns='urn:xmpp:message-retract:1' id='1234567'/>",
        "<reply xmlns='urn:xmpp:reply:0' id='1234567'/>",
    ],
)
def test_lengths_of_ids(content: str) -> None:
    """C18: of everything that is passed on and names something."""
    assert facts(f"{TEXT}{content}").id_chars == 7
    assert classify(parse(f"<message id='123456789'>{content}</message>")).id_chars == 9
