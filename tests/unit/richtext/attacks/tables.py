"""Attacks that are made from tables: each kind of place with each kind of trick.

A row that finds something new is better than a case that finds it once.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

RUN = "alert(1)"
EVIL = "https://evil.test/"
IMAGE = f"<img src=x onerror={RUN}>"
"""What a browser runs if it is read as markup."""


def words(text: str) -> Sequence[str]:
    return text.split()


# Schemes, and how they are hidden from a sanitiser that looks for them.

SCHEMES = (f"javascript:{RUN}", "vbscript:MsgBox(1)", f"data:text/html,{IMAGE}", f"livescript:{RUN}", f"mocha:{RUN}")


def _spelled(form: str) -> Callable[[str], str]:
    """Each letter of the scheme as a character reference."""

    def spell(url: str) -> str:
        scheme, colon, rest = url.partition(":")
        return "".join(form.format(ord(letter)) for letter in scheme) + colon + rest

    return spell


def _with(place: int, inserted: str) -> Callable[[str], str]:
    return lambda url: url[:place] + inserted + url[place:]


HIDDEN: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    _spelled("&#{};"),
    _spelled("&#{:07}"),
    _spelled("&#x{:x};"),
    _spelled("&#X{:05X}"),
    _spelled("%{:02x}"),
    _spelled("\\{:x} "),
    _spelled("\\u{:04x}"),
    *(_with(0, inserted) for inserted in (" ", "\t", "\n", "&#1;", "&#14;", "&#32;", "&nbsp;", "\ufeff", "&#x3000;")),
    *(
        _with(4, inserted)
        for inserted in ("\t", "\n", "\r", "&Tab;", "&NewLine;", "&#9", "&#xD;", "\x00", "&#0;", "/**/")
    ),
    *(_with(4, inserted) for inserted in ("\u00ad", "\u200b", "\u200d", "\u2028", "\ufe0f", "<b>", "<!-- -->", "\\\n")),
    lambda url: url.replace(":", "&colon;"),
    lambda url: url.replace(":", "&#58"),
    lambda url: url.replace(":", "\t:"),
    lambda url: url.replace(":", "\uff1a"),
    lambda url: url.replace("s", "\u017f"),
    lambda url: url.replace("i", "\u0131"),
    lambda url: f"feed:{url}",
    lambda url: f"view-source:{url}",
    lambda url: f"jar:{url}!/",
    lambda url: f"{EVIL}#{url}",
    lambda url: f"?{url}",
)

LEADING = (
    '<a href="{}">go</a>',
    "<a href='{}'>go</a>",
    "<a href={}>go</a>",
    "<a href=`{}`>go</a>",
    '<a href ="" href="{}">go</a>',
    '<a\nhref\n=\n"{}">go</a>',
    '<img src="{}" alt=p width=9 height=9>',
    '<img alt=p width=9 height=9 src="x" srcset="{} 2x" lowsrc="{}" dynsrc="{}" longdesc="{}" usemap="{}">',
    '<svg><a xlink:href="{}"><text>go</text></a></svg>',
    '<svg><use xlink:href="{}#x"/><image href="{}"/><feImage xlink:href="{}"/></svg>',
    '<svg><a><animate attributeName=href values="{}" from="{}" to="{}" begin=0s repeatCount=1 calcMode=discrete />'
    "<text>go</text></a></svg>",
    '<svg><set attributeName=xlink:href to="{}"/><handler>x</handler></svg>',
    '<math><maction actiontype="statusline#{}" xlink:href="{}">go</maction><mi href="{}">x</mi></math>',
    '<form action="{}"><button formaction="{}">go</button><input type=submit formaction="{}"></form>',
    '<iframe src="{}"></iframe>go',
    '<frameset onload="{}"><frame src="{}"></frameset>',
    '<object data="{}" classid="{}" codebase="{}" archive="{}"><param name=movie value="{}">go</object>',
    '<embed src="{}" allowscriptaccess=always>go',
    '<applet code=x codebase="{}">go</applet>',
    '<base href="{}//"><a href="x">go</a>',
    '<link rel=stylesheet href="{}">go',
    '<link rel=import href="{}">go',
    '<meta http-equiv=refresh content="0; url={}">go',
    '<meta http-equiv=Set-Cookie content="x=1"><meta charset=utf-7>+ADw-script+AD4-',
    '<body background="{}">go',
    '<table background="{}"><tr><td background="{}">a<td>b<tr><td>c<td>d</table>',
    '<blockquote cite="{}">go</blockquote><q cite="{}">a</q><del cite="{}">b</del><ins cite="{}">c</ins>',
    '<video src="{}" poster="{}"><source src="{}"><track src="{}"></video>go',
    '<audio src="{}" autoplay controls loop preload=auto>go</audio>',
    '<map name=m><area href="{}" coords=0,0,9,9 shape=rect nohref></map><img usemap=#m src=x alt=p>',
    '<bgsound src="{}" loop=3 volume=9 balance=1>go',
    '<layer src="{}">go</layer><ilayer src="{}">go</ilayer>',
    '<xml src="{}"></xml><xss style="x" datasrc="#x" datafld=a dataformatas=html>go</xss>',
    '<menu><command icon="{}" radiogroup=x>go</command><menuitem icon="{}">go</menuitem></menu>',
    '<image xlink:href="{}" src="{}" alt=p>',
    '<isindex action="{}" prompt=go>',
    '<html manifest="{}" xmlns:x="{}"><head profile="{}"></head><body>go</body></html>',
    '<script src="{}" defer async charset=x event=x for=y>go</script>go',
    '<span style="background:url({})">go</span>',
    "<div style=\"list-style-image:url('{}');behavior:url({});-moz-binding:url({})\">go</div>",
)


def links() -> Iterator[str]:
    """Every place with the plain scheme, and the first place with every trick."""
    for place in LEADING:
        for scheme in SCHEMES[:3]:
            yield place.replace("{}", scheme)
    for scheme, hide in product(SCHEMES, HIDDEN):
        yield LEADING[0].replace("{}", hide(scheme))
    for hide in HIDDEN:
        for place in (LEADING[6], LEADING[8], LEADING[38]):
            yield place.replace("{}", hide(SCHEMES[0]))


# Handlers, and how attributes are told apart.

HANDLERS = words("""
onabort onafterprint onanimationend onanimationstart onauxclick onbeforecopy onbeforeinput onbeforeprint
onbeforetoggle onbeforeunload onblur oncanplay onchange onclick onclose oncontextmenu oncopy oncut ondblclick
ondrag ondragstart ondrop onended onerror onfilterchange onfocus onfocusin onformchange onforminput
onhashchange oninput oninvalid onkeydown onkeypress onkeyup onload onloadstart onmessage onmousedown
onmouseenter onmouseleave onmousemove onmouseout onmouseover onmouseup onmousewheel onpageshow onpaste onplay
onpointerdown onpopstate onpropertychange onreadystatechange onreset onresize onscroll onscrollend onsearch
onseek onselect onselectstart onshow onstart onsubmit onsuspend ontimeupdate ontoggle ontouchstart
ontransitionend onunhandledrejection onunload onwheel onbegin onrepeat onzoom onqt_error
""")

BEHIND_THE_NAME = (
    "<img src=x {}={}>",
    '<img src=x {}="{}">',
    "<img src=x {}='{}'>",
    "<img src=x {}=`{}`>",
    "<img/src=x/{}={}>",
    "<img\tsrc=x\t{}\t=\t{}\t>",
    "<img\nsrc=x\n{}\n=\n{}\n>",
    "<img\x0csrc=x\x0c{}={}\x0c/>",
    '<img src="x"{}="{}">',
    "<img src='x'{}='{}'>",
    '<img """><b {}="{}">x</b>',
    "<img src=x \x00{}={}>",
    "<img src=x {}\x00={}>",
    "<img src=x ={}={}>",
    '<img alt="x" {}!#$%&()*~+-_.,:;?@[/|\\]^`={}>',
    "<img src=x > {}={}>",
    '<img src="x>" {}={}>',
    "<img src='x\">' {}={}>",
    "<<img src=x {}={}//<",
    "<img src=x {}={} <b>x</b>",
    "</p {}={}><p>x",
    "<p {}={} {}={}>x</p>",
    "<p/{}/={}>x</p>",
    "<P {}=&#97;lert(1)>{}</P>",
    "<svg {}={}>x</svg>",
    "<math {}={}>x</math>",
    "<svg/{}={}//<b>x</b>",
    "<input autofocus {}={} list=x dirname=y form=z pattern=. required readonly disabled checked>x",
    "<custom-x tabindex=1 {}={} contenteditable>x</custom-x>",
    "<body {}={}>x",
    "<details open {}={}><summary>a</summary>x</details>",
    "<select autofocus {}={}><optgroup label=a><option selected>x</select>",
    "<video autoplay {}={}><source src=x></video>x",
    "<marquee loop=1 {}={}>x</marquee>",
)


def handlers() -> Iterator[str]:
    for name in HANDLERS:
        yield f"<p {name}={RUN}>x</p>"
    for form in BEHIND_THE_NAME:
        yield form.replace("{}={}", f"onerror={RUN}").replace("{}", "onload", 1).replace("{}", RUN)


# Elements whose text browsers do not read as markup, and elements of other languages in which they do.

RAW = (
    *("script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext", "textarea", "title"),
    *("template", "select", "option", "listing", "comment", "object", "math", "svg", "frameset", "head", "xml"),
)

BREAKING_OUT = (
    "<{0}>" + IMAGE + "</{0}>x",
    "<{0}><p title='</{0}>" + IMAGE + "'>x",
    "<{0}><!--</{0}>" + IMAGE + "--></{0}>x",
    "<{0}><![CDATA[</{0}>" + IMAGE + "]]></{0}>x",
    "<{0}/>" + IMAGE + "</{0}>x",
    "<{0}></ {0}>" + IMAGE + "</{0}>x",
    "<{0}></{0}x>" + IMAGE + "</{0} x=y>" + IMAGE,
    "<{0}><{0}></{0}>" + IMAGE + "</{0}>x",
    "<{0}><b></{0}>" + IMAGE + "</b>x",
    "<b><{0}></b>" + IMAGE + "</{0}>x",
    "<{0}",
    "<{0}>&lt;/{0}&gt;&lt;img src=x onerror=alert(1)&gt;</{0}>x",
    "<p><{0}>x</p>" + IMAGE + "</{0}>",
    "<table><{0}>" + IMAGE + "</{0}><tr><td>a<td>b<tr><td>c<td>d</table>",
    "</{0}>" + IMAGE + "x",
)

FOREIGN = (
    *("<svg>{}</svg>", "<math>{}</math>", "<svg><foreignObject>{}</foreignObject></svg>", "<svg><desc>{}</desc></svg>"),
    *("<svg><title>{}</title></svg>", "<math><mi>{}</mi></math>", "<math><mo>{}</mo><mn>{}</mn><ms>{}</ms></math>"),
    *("<math><mtext>{}</mtext></math>", "<math><annotation-xml>{}</annotation-xml></math>"),
    *(
        "<math><annotation-xml encoding=text/html>{}</annotation-xml></math>",
        "<math><mrow><malignmark>{}</mrow></math>",
    ),
    *("<math><annotation-xml encoding=application/xhtml+xml>{}</annotation-xml></math>", "<svg><p>{}</p></svg>"),
    *("<math><mtext><table><mglyph>{}</table></mtext></math>", "<form><math><mtext></form><form><mglyph>{}</math>"),
    *(
        "<svg><math>{}</math></svg>",
        "<math><mi><svg>{}</svg></mi></math>",
        "<svg><defs><g><symbol>{}</symbol></g></svg>",
    ),
    *("<svg><switch><a><text><tspan>{}</tspan></text></a></switch></svg>", "<svg></svg>{}", "<math/>{}<svg/>"),
)

INSIDE = (
    IMAGE,
    f"<style><img title='</style>{IMAGE}'>",
    f"<style><!--</style>{IMAGE}-->",
    f"<![CDATA[</svg>{IMAGE}]]>",
    f"<title><a id='</title>{IMAGE}'>",
    f"<textarea></math></svg>{IMAGE}</textarea>",
    f"<script>{RUN}</script>",
    f"<script href='data:,{RUN}' xlink:href='data:,{RUN}'/>",
    f"</p>{IMAGE}<br>",
    f"<table><tr><td>{IMAGE}<td>x<tr><td>y<td>z</table>",
    f"<xmp><b id='</xmp>{IMAGE}'>",
    f"<annotation-xml encoding=text/html><style>{IMAGE}</style></annotation-xml>",
    "<b>x</b><font color=red face=x size=3>y</font>",
    f"<iframe srcdoc='{IMAGE}'></iframe><embed src=x><object data=x></object>",
)


def languages() -> Iterator[str]:
    for name, form in product(RAW, BREAKING_OUT):
        yield form.format(name)
    for around, inner in product(FOREIGN, INSIDE):
        yield around.replace("{}", inner)
    for name in SVG_ELEMENTS:
        yield f"<svg><{name} x=1 href=javascript:{RUN} onbegin={RUN}>x</{name}>{IMAGE}</svg>"


SVG_ELEMENTS = words("""
altGlyph altGlyphDef altGlyphItem animateColor animateMotion animateTransform circle clipPath ellipse feBlend
feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
feDistantLight feFlood feFuncA feImage feMerge feMergeNode feMorphology feOffset fePointLight feSpotLight
feTile feTurbulence filter glyphRef line linearGradient marker mask metadata mpath path pattern polygon
radialGradient rect set solidcolor stop textPath view animation feFuncB feFuncG feFuncR feGaussianBlur
feSpecularLighting handler listener timer script style foreignObject image use desc title menclose mrow mi
""")


# What is not where it belongs.

IN_TABLES = ("<table>{0}</table>", "<table><tr>{0}</table>", "<table><tbody>{0}<tr><td>a<td>b<tr><td>c<td>d</table>")
MISPLACED = (
    IMAGE,
    "text",
    "<b>bold<tr><td>cell</b>",
    f"<a href={EVIL}>one<tr><td><a href={EVIL}2>two</a>",
    f"<script>{RUN}</script>",
    f"<style>td{{background:url({EVIL})}}</style>",
    f"<form action={EVIL}><tr><td><input></form>",
    "<table><tr><td>inner</table>",
    "<caption><p>x<tr><td>y",
    "<colgroup span=2><col width=9><p>x",
    "<select><tr><td>x</select>",
    "<svg><tr><td>x</svg>",
    "<p><table><p>x</table></p>",
    "<thead><th scope=col headers=x abbr=y axis=z rowspan=9 colspan=9>x<tfoot><td nowrap valign=top char=. charoff=2>y",
    "</table>x<table>",
    "</td></tr>x<td>y",
    "<input type=hidden value='><img src=x onerror=alert(1)>'>",
    "<!-- --><tr></tr>x",
    "<frameset><frame>",
    "<body bgcolor=red text=x link=y vlink=z alink=w>x</body><html lang=x>",
)

ELEMENTS = words("""
a abbr acronym address article aside b bdi bdo big blink blockquote button caption center cite code col
colgroup data datalist dd del details dfn dialog dir div dl dt em fieldset figcaption figure font footer form
h1 h2 h3 h4 h5 h6 header hgroup hr i image img input ins kbd keygen label legend li link main map mark marquee
menu menuitem meta meter multicol nav nextid nobr ol optgroup option output p param picture pre progress q rb
rp rt rtc ruby s samp search section small source spacer span strike strong sub summary sup table tbody td
tfoot th thead time tr track tt u ul var wbr basefont canvas audio datagrid event-source import listing object
embed iframe frame frameset applet bgsound layer xmp noembed noframes noscript script style svg math template
textarea title video select isindex plaintext head body html unheard-of
""")
"""Of HTML, old and new."""

NESTED = (
    "<{0}>x</{0}>",
    "<{0}><{0}>x</{0}></{0}>",
    "<b><{0}>x</b></{0}>y",
    "<{0}><p>x</{0}>y</p>",
    "<p><{0}><div>x</p></div></{0}>",
    "<ul><li><{0}></ul>x</{0}>",
    "<a href=https://a.test/><{0}><a href=https://b.test/>x</{0}></a>y",
    "<{0} lang=x dir=rtl title='\"><img src=x onerror=alert(1)>' align=right width=9 border=9 hspace=9 cite=x>x</{0}>",
)


def places() -> Iterator[str]:
    for around, inner in product(IN_TABLES, MISPLACED):
        yield around.format(inner)
    for name, form in product(ELEMENTS, NESTED):
        yield form.format(name)
    for name in ELEMENTS:
        yield f"<{name}>" * 40 + "deep" + f"</{name}>" * 40


# Comments, declarations, references, and what is cut off.

SIGNS = (
    *(
        "<!-->{}-->",
        "<!--->{}-->",
        "<!---!>{}-->",
        "<!--x--!>{}-->",
        "<!--x-->{}<!--",
        "<!--x--\n>{}-->",
        "<!-- <!-- -->{} -->",
    ),
    *(
        "<!x>{}",
        "<!>{}",
        "<!doctype html>{}",
        "<!ELEMENT a ANY>{}",
        "<?x {}?>",
        "<?xml version='1.0'?>{}",
        "<?>{}",
        "</ {}>",
    ),
    *(
        "</>{}",
        "</{}",
        "<{}",
        "< {}",
        "<\x00{}",
        "<%{}%>",
        "<!DOCTYPE x [<!ENTITY y '{}'>]>&y;",
        "<![CDATA[{}]]>",
        "]]>{}",
    ),
    *("<!--[if gte IE 4]>{}<![endif]-->", "<![if IE]>{}<![endif]>", "<!--#exec cmd='ls'-->{}", "\ufeff{}", "+ADw-{}"),
    *("\xbc{}\xbe", "\uff1c{}\uff1e", "&{}", "&#{};", "&amp;{}", "\u202e{}\u202c", "{}\x00{}", "\x1b[2J{}", "\u0338{}"),
)
REFERENCES = (
    *(
        "&lt;",
        "&lt",
        "&LT;",
        "&#60;",
        "&#60",
        "&#x3c;",
        "&#X3C",
        "&#00000060;",
        "&amp;lt;",
        "&amp;amp;lt;",
        "&#0;",
        "&#x0",
    ),
    *(
        "&#xD800;",
        "&#x110000;",
        "&#128;",
        "&#x80;",
        "&nosuch;",
        "&notit;",
        "&;",
        "&#;",
        "&#x;",
        "&#99999999999;",
        "&fjlig;",
    ),
    *(
        "&Tab;",
        "&NewLine;",
        "&nbsp",
        "&quot;",
        "&apos;",
        "&grave;",
        "&lpar;",
        "&sol;",
        "&lbrace;",
        "&bsol;",
        "&#38;#60;",
    ),
)
WHOLE = (
    f'<p class="a" style="color:red">Hello <a href="javascript:{RUN}" title=\'x\'>you</a><!-- x --><svg><style>'
    f'<b x="</style>{IMAGE}">&lt;script&#62;<![CDATA[x]]></svg><table><td>1</table>'
)


def signs() -> Iterator[str]:
    for form in SIGNS:
        yield form.replace("{}", IMAGE)
        yield form.replace("{}", f"<script>{RUN}</script>")
    for sign in REFERENCES:
        yield f"{sign}img src=x onerror={RUN}&gt;"
        yield f'<a href="{EVIL}{sign}x" title="{sign}">x{sign}</a>'
        yield f"<b>{sign}</b{sign}>"
    for end in range(3, len(WHOLE), 3):
        yield WHOLE[:end]
        yield WHOLE[end:]


# Styles

PROPERTIES = words("""
background background-color background-image border-image-source color content cursor display filter font
font-family font-size font-style font-weight height left list-style margin margin-left margin-right mask
opacity outline overflow position text-align text-decoration transform visibility white-space width z-index
-moz-binding -o-link behavior src zoom
""")
VALUES = (
    *(
        f"url({EVIL})",
        f"url('javascript:{RUN}')",
        f"expression({RUN})",
        f"exp/**/ression({RUN})",
        "red",
        "#f00f00",
        "inherit",
    ),
    *(
        "fixed",
        "-9999px",
        "99999px",
        "none",
        "0",
        "\\75 rl(x)",
        "red;position:fixed",
        "red}b{color:x",
        "red/*",
        "'x",
        "x('",
    ),
    *(
        "red !important",
        "rgb(1,2,3",
        "calc(1px)",
        "var(--x,red)",
        "image-set('x' 1x)",
        "\u202ered",
        "RED",
        "red\x00",
        "r\\ed",
    ),
)
AROUND_STYLES = (
    '<b style="{}">x</b>',
    "<b style='{}'>x</b>",
    "<b style={}>x</b>",
    '<p STYLE="/**/{}">x</p>',
    '<span style=";;{};">x</span>',
    "<style>b{{{}}}</style><b>x</b>",
    "<style>@import 'x';*{{{}}}</style>x",
    '<svg style="{}"><style>*{{{}}}</style></svg>x',
)


def styles() -> Iterator[str]:
    for property in PROPERTIES:
        yield "".join(f'<span style="{property}:{value}">x</span>' for value in VALUES)
    for form, value in product(AROUND_STYLES, VALUES):
        yield form.format(*2 * [f"color:{value}"])


# Other attributes, and names that scripts of a page may trip over.

ATTRIBUTES = words("""
accept accept-charset accesskey align allowfullscreen attributeType autocomplete autoplay axis baseProfile
begin bgcolor border bordercolor cellpadding cellspacing char charset checked class classid clear codebase
cols compact controls coords d datafld datasrc datetime default delay dir disabled download draggable enctype
end event fill font for form formtarget frame frameborder from headers hidden high hreflang hspace http-equiv
id in inert inputmode is ismap itemprop itemref keytype kind label lang list loop low manifest max maxlength
media method min multiple name nonce noshade nowrap opener part ping popovertarget preload prompt radiogroup
rel repeat-max required rev role rows rowspan rules sandbox scope seamless shape size slot span spellcheck src
srcdoc srclang start stroke summary tabindex target template to type unselectable usemap valign value values
version viewBox vspace wmode wrap x xlink:actuate xlink:type xml:base xml:lang xml:space xmlns y z xmlns:x
xmlns:xlink zoomAndPan aria-label data-x data-bind ng-app v-html @click :href x-on:click hx-get _ ev:event [a]
(b) baseFrequency bgproperties bordercolordark bordercolorlight bottompadding challenge choff clipPathUnits
contentScriptType contentStyleType datapagesize definitionURL diffuseConstant display edgeMode
externalResourcesRequired expr filterRes filterUnits folder galleryimg gradientTransform gradientUnits gutter
hidefocus implementation kernelMatrix kernelUnitLength keyPoints keySplines keyTimes leftspacing lengthAdjust
limitingConeAngle loopcount loopend loopstart markerHeight markerUnits markerWidth maskContentUnits maskUnits
match mathbackground mathcolor movie namespace notation numOctaves observer optimum pathLength
patternContentUnits patternTransform patternUnits point-size pointsAtX prefix preserveAlpha
preserveAspectRatio primitiveUnits refX refY replace repeat repeat-min repeat-start repeatDur
requiredExtensions requiredFeatures rightspacing specularConstant specularExponent spreadMethod startOffset
stdDeviation step stitchTiles stroke-width strokecolor strokeweight suppress surfaceScale systemLanguage
tableValues targetelement targetX textLength toppadding urn variable viewTarget vrml xChannelSelector
""")
CLOBBERED = (
    "document",
    "body",
    "location",
    "cookie",
    "attributes",
    "firstChild",
    "__proto__",
    "constructor",
    "innerHTML",
)


def attributes() -> Iterator[str]:
    for name in ATTRIBUTES:
        yield f'<p {name}="{EVIL}">x</p><a {name}="javascript:{RUN}" href="{EVIL}">y</a><img {name}=x src={EVIL} alt=z>'
    for name in CLOBBERED:
        yield f"<form id={name}><input name={name}><img name={name} src=x></form><a id={name} href={EVIL}>x</a>"


# Markdown

MARKDOWN = (
    *("[x]({})", "[x](<{}>)", "[x]({} 'y')", "[x]: {}\n\n[x]", "![x]({})", "<{}>", "[![x]({})]({})", "[x](\n{}\n)"),
    *(
        "> [x]({})",
        "- [x]({})",
        "| a | b |\n|---|---|\n| [x]({}) | y |",
        "# [x]({})",
        "**[x]({})**",
        "[`x`]({})",
        "\\[x]({})",
    ),
    *(
        "[x](https://a.test/ {})",
        "[x][{}]",
        "[x]({})[y]({})",
        "~~[x]({})~~",
        "[x](\\{})",
        "[x]()({})",
        "1. ```\n[x]({})",
    ),
)


def markdown() -> Iterator[str]:
    for form, scheme in product(MARKDOWN, (*SCHEMES[:3], IMAGE, EVIL, "https://bob@work.acme.test/")):
        yield form.replace("{}", scheme)
    for hide in HIDDEN:
        yield f"[x]({hide(SCHEMES[0])})"


def made() -> Iterator[str]:
    """Each once."""
    kinds = (links, handlers, languages, places, signs, styles, attributes, markdown)
    yield from dict.fromkeys(case for kind in kinds for case in kind())
