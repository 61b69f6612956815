"""Plots as SVG text."""

import math

WIDTH, HEIGHT, LEFT, TOP = 860, 280, 70, 40
COLORS = ["#1f6fb4", "#c8442e", "#3b8f4a", "#8a5fb0", "#b07d1c"]


def document(title, body, height):
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{LEFT + WIDTH + 30}' height='{height}'"
            " font-family='sans-serif' font-size='12'>"
            "<rect width='100%' height='100%' fill='white'/>\n"
            f"<text x='{LEFT}' y='20' font-size='14'>{title}</text>\n{body}</svg>\n")


def duration(us):
    return f"{us:.0f} us" if us < 1000 else f"{us / 1000:g} ms"


def over_time(title, lines):
    """`lines`: name to [(seconds, microseconds)]; the scale is logarithmic."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return document(title, "", TOP)
    last = max(at for at, _ in points) or 1
    low = math.floor(math.log10(max(min(us for _, us in points), 1)))
    high = max(math.ceil(math.log10(max(us for _, us in points))), low + 1)

    def y_of(us):
        return TOP + HEIGHT * (1 - (math.log10(max(us, 1)) - low) / (high - low))

    out = []
    for decade in range(low, high + 1):
        y = y_of(10 ** decade)
        out.append(f"<line x1='{LEFT}' x2='{LEFT + WIDTH}' y1='{y:.1f}' y2='{y:.1f}' "
                   f"stroke='#ddd'/><text x='8' y='{y + 4:.1f}'>{duration(10 ** decade)}</text>\n")
    for index, (name, line) in enumerate(lines.items()):
        color = COLORS[index % len(COLORS)]
        path = " ".join(f"{LEFT + WIDTH * at / last:.1f},{y_of(us):.1f}" for at, us in line)
        out.append(f"<polyline fill='none' stroke='{color}' stroke-width='1.5' points='{path}'/>\n"
                   f"<text x='{LEFT + index * WIDTH // len(lines)}' y='{TOP + HEIGHT + 40}' fill='{color}'>"
                   f"{name}</text>\n")
    out.append(f"<text x='{LEFT}' y='{TOP + HEIGHT + 20}'>0 s</text>"
               f"<text x='{LEFT + WIDTH - 30}' y='{TOP + HEIGHT + 20}'>{last:.1f} s</text>\n")
    return document(title, "".join(out), TOP + HEIGHT + 60)


def bars(title, values):
    """`values`: [(name, number, text)], drawn to the scale of the largest."""
    most = max((value for _, value, _ in values), default=0) or 1
    out = []
    for index, (name, value, text) in enumerate(values):
        y = TOP + index * 24
        width = (WIDTH - 330) * value / most
        out.append(f"<text x='10' y='{y + 13}'>{name}</text>"
                   f"<rect x='{LEFT + 190}' y='{y}' width='{width:.1f}' height='17' "
                   f"fill='{COLORS[0]}'/><text x='{LEFT + 196 + width:.1f}' y='{y + 13}'>{text}"
                   "</text>\n")
    return document(title, "".join(out), TOP + len(values) * 24 + 10)
