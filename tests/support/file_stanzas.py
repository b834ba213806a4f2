"""How real clients describe a file they have uploaded, as their sources write it; and how the XEPs do.

Each is what a message has between its tags, with ``{url}`` for the address of the upload.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

RECEIPT = "<request xmlns='urn:xmpp:receipts'/>"
MARKABLE = "<markable xmlns='urn:xmpp:chat-markers:0'/>"
OOB = "<x xmlns='jabber:x:oob'><url>{url}</url></x>"
URL_DATA = "<url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>"
HASH = "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>gw+6xdCgOcvCYSKuQNrXH33lV9NMzuDf/s0huByCDsY=</hash>"
SFS_FALLBACK = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>"
METADATA = (
    "<file xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type><name>summit.jpg</name>"
    f"<size>3032449</size><width>4096</width><height>2160</height>{HASH}<desc>Photo from the summit.</desc>"
    "<thumbnail xmlns='urn:xmpp:thumbs:1' uri='cid:sha1+ffd7c8d28e9c5e82afea41f97108c6b4@bob.xmpp.org'"
    " media-type='image/png' width='128' height='96'/></file>"
)
JINGLE = (
    "<jinglepub xmlns='urn:xmpp:jinglepub:1' from='bob@work.acme.test/test' id='9559976B'>"
    "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/></jinglepub>"
)
SFS = (
    f"<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>{METADATA}<sources>{URL_DATA}{JINGLE}</sources>"
    "</file-sharing>"
)
SIMS = (
    "<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'>"
    "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><media-type>image/jpeg</media-type><name>summit.jpg</name>"
    f"<size>3032449</size>{HASH}</file><sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='{{url}}'/>"
    "<reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:bob@work.acme.test/test?jingle;id=9559976B'/>"
    "</sources></media-sharing></reference>"
)


@dataclass(frozen=True)
class Sent:
    """``text`` is what the receiver reads, with ``{link}`` for the link; ``named`` is the name in it."""

    content: str
    text: str
    named: str = "summit.jpg"

    def to(self, url: str) -> str:
        """What the client sends for this upload."""
        return self.content.replace("{url}", escape(url, {"'": "&apos;"}))


UPLOADS: dict[str, Sent] = {
    # gajim/common/modules/message.py, httpupload.py (2.4)
    "gajim": Sent(
        "<body>{url}</body><origin-id xmlns='urn:xmpp:sid:0' id='0a4c6f1e-0001'/>"
        f"{OOB}{RECEIPT}<active xmlns='http://jabber.org/protocol/chatstates'/>{MARKABLE}",
        "summit.jpg: {link}",
    ),
    # generator/MessageGenerator.java (2.12); Monal writes the same (XMPPMessage.m, 6.4), and Profanity
    "conversations": Sent(
        f"{RECEIPT}{MARKABLE}<origin-id xmlns='urn:xmpp:sid:0' id='6c3f0d1a-0001'/>{OOB}<body>{{url}}</body>",
        "summit.jpg: {link}",
    ),
    # headless/shared/model-with-messages.js (14)
    "converse": Sent(
        "<body>{url}</body><active xmlns='http://jabber.org/protocol/chatstates'/>"
        f"{RECEIPT}{OOB}<origin-id xmlns='urn:xmpp:sid:0' id='8f0e1c2b-0001'/>",
        "summit.jpg: {link}",
    ),
    # plugins/http-files/src/file_sender.vala (0.5): the second of two messages, see DINO_FIRST
    "dino": Sent(
        f"<body>{{url}}</body>{OOB}<attach-to xmlns='urn:xmpp:message-attaching:1' id='d1f1'/>"
        f"<sources xmlns='urn:xmpp:sfs:0' id='3b1a77f0'>{URL_DATA}</sources>",
        "summit.jpg: {link}",
    ),
    # src/Message.cpp (0.13), a picture without words: with the thumbnail's data beside it
    "kaidan": Sent(
        f"<body>{{url}}</body>{SFS_FALLBACK}{OOB}{MARKABLE}{RECEIPT}"
        f"<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>{METADATA}<sources>{URL_DATA}</sources>"
        "</file-sharing><data xmlns='urn:xmpp:bob' cid='sha1+ffd7c8d28e9c5e82afea41f97108c6b4@bob.xmpp.org'"
        " type='image/png'>iVBORw0KGgo=</data>",
        "Photo from the summit.\nsummit.jpg (3 MB): {link}",
    ),
    # Moxl/Stanza/Message.php (0.31)
    "movim": Sent(
        f"<body>{{url}}</body>{RECEIPT}{MARKABLE}<reference xmlns='urn:xmpp:reference:0' type='data'>"
        "<media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:4'>"
        "<media-type>image/jpeg</media-type><name>summit.jpg</name><size>48213</size><thumbnail"
        " xmlns='urn:xmpp:thumbs:1' media-type='image/thumbhash' uri='data:image/thumbhash;base64,3OcRJYB4d3'"
        " width='64' height='64'/></file><sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='{url}'/>"
        f"</sources></media-sharing></reference>{OOB}",
        "summit.jpg (48 kB): {link}",
    ),
    # XEP-0066 §3: words of its own, and words about the address
    "oob": Sent(
        "<body>Yeah, but do you have a license to Jabber?</body>"
        "<x xmlns='jabber:x:oob'><url>{url}</url><desc>A license to Jabber!</desc></x>",
        "Yeah, but do you have a license to Jabber?\nA license to Jabber!\nsummit.jpg: {link}",
    ),
    # XEP-0447 §4.3: all ways at once
    "everything": Sent(
        f"{SFS}{SIMS}{SFS_FALLBACK}<body>{{url}}</body>{OOB}", "Photo from the summit.\nsummit.jpg (3 MB): {link}"
    ),
    # XEP-0447 §3.1, without a text
    "sfs": Sent(f"{SFS}<store xmlns='urn:xmpp:hints'/>", "Photo from the summit.\nsummit.jpg (3 MB): {link}"),
    # XEP-0385 §3.1: the range is about a word of the text
    "sims": Sent(
        "<body>Look at the nice view from the summit.</body>"
        + SIMS.replace("type='data'>", "type='data' begin='17' end='21'>", 1),
        "Look at the nice view from the summit.\nsummit.jpg (3 MB): {link}",
    ),
    # XEP-0449 §3.1
    "sticker": Sent(
        "<body>😘</body><sticker xmlns='urn:xmpp:stickers:0' pack='EpRv28DHHzFrE4zd+xaNpVb4'/>"
        "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><media-type>image/png</media-type>"
        f"<desc>😘</desc><size>67016</size>{HASH}</file><sources>{URL_DATA}</sources></file-sharing>",
        "😘\nsummit.jpg (67 kB): {link}",
    ),
    # A caption, and the address after it for old clients, marked for OOB
    "caption and mark": Sent(
        f"<body>Us at the top\n{{url}}</body>{OOB}<fallback xmlns='urn:xmpp:fallback:0' for='jabber:x:oob'>"
        "<body start='13'/></fallback>",
        "Us at the top\nsummit.jpg: {link}",
    ),
    "address on a line of its own": Sent(
        f"<body>Us at the top:\n{{url}}\nGood, isn't it?</body>{OOB}",
        "Us at the top:\nsummit.jpg: {link}\nGood, isn't it?",
    ),
    "address in a sentence": Sent(
        f"<body>Us at the top ({{url}}), yesterday. Again: {{url}}.</body>{OOB}",
        "Us at the top (summit.jpg), yesterday. Again: summit.jpg.\nsummit.jpg: {link}",
    ),
}

DINO_FIRST = (
    "<file-sharing xmlns='urn:xmpp:sfs:0' id='3b1a77f0'><file xmlns='urn:xmpp:file:metadata:0'><name>summit.jpg</name>"
    f"<media_type>image/jpeg</media_type><media-type>image/jpeg</media-type><size>3032449</size>{HASH}</file>"
    "</file-sharing><origin-id xmlns='urn:xmpp:sid:0' id='d1f1'/><store xmlns='urn:xmpp:hints'/>"
)
"""Dino tells of the file before it uploads it."""

KAIDAN_SEVERAL = "<body>Both</body>" + "".join(
    f"<file-sharing xmlns='urn:xmpp:sfs:0' id='{id}'><file xmlns='urn:xmpp:file:metadata:0'/><sources>"
    f"{URL_DATA.replace('{url}', '{}')}</sources></file-sharing>"
    for id in ("f1", "f2")
)
KAIDAN_AGAIN = f"<body>{{url}}</body>{OOB}{SFS_FALLBACK}<attach-to xmlns='urn:xmpp:message-attaching:1' id='{{id}}'/>"
"""Kaidan sends several files at once, and then a message for each one."""

ESFS = (
    f"<file-sharing xmlns='urn:xmpp:sfs:0'>{METADATA}<sources><encrypted xmlns='urn:xmpp:esfs:0'"
    " cipher='urn:xmpp:ciphers:aes-256-gcm-nopadding:0'><key>SuRJ</key><iv>T8RD</iv><sources xmlns='urn:xmpp:sfs:0'>"
    f"{URL_DATA}</sources></encrypted></sources></file-sharing>"
).replace("{url}", "https://up.test/encrypted.jpg")
"""XEP-0448 §3"""

ENCRYPTED: dict[str, str] = {
    "aesgcm": "<body>aesgcm://up.test/a.jpg#0011</body>",
    "aesgcm with words": "<body>Look: AESGCM://up.test/a.jpg#0011</body>",
    "aesgcm with a thumbnail": "<body>aesgcm://up.test/a.jpg#0011\ndata:image/jpeg,AA</body>",
    "aesgcm in OOB": "<body>Hello</body><x xmlns='jabber:x:oob'><url>aesgcm://up.test/a.jpg#0011</url></x>",
    "esfs": ESFS,
}

ELSEWHERE: dict[str, str] = {
    "from the client (SFS)": (
        f"<file-sharing xmlns='urn:xmpp:sfs:0'>{METADATA}<sources>{JINGLE}</sources></file-sharing>"
    ),
    "from the client (SIMS)": f"<body>Hello</body>{SIMS}".replace("{url}", "xmpp:bob@work.acme.test?jingle-ft"),
    "bits of binary": "<data xmlns='urn:xmpp:bob' cid='sha1+8f35@bob.xmpp.org' type='image/png'>iVBORw0KGgo=</data>",
    **{
        url: f"<body>Hello</body><x xmlns='jabber:x:oob'><url>{url}</url></x>"
        for url in (
            "cid:sha1+8f35@bob.xmpp.org",
            "ni:///sha-256;abc",
            "ftp://up.test/a.jpg",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,hello",
            "https://bob:secret@up.test/a.jpg",
            "https://bob@up.test/a.jpg",
            "https://",
            "https:///a.jpg",
            "https://up.test:port/a.jpg",
            "https://up.test\\@evil.test/a.jpg",
            "https://up.test/a b.jpg\nhttps://evil.test/",
            "//up.test/a.jpg",
            "a.jpg",
        )
    },
}
