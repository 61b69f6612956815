"""Plots as SVG text."""

import math

WIDTH, LEFT, TOP = 860, 70, 40
PANELS_A_ROW, PANEL_HEIGHT = 2, 140
COLOR, GREY = "#1f6fb4", "#aaa"
LINE_COLORS = ("#9ecae1", COLOR, "#e08214", "#b2182b")


def document(title, body, height):
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{LEFT + WIDTH + 30}' height='{height}'"
            " font-family='sans-serif' font-size='12'>"
            "<rect width='100%' height='100%' fill='white'/>\n"
            f"<text x='{LEFT}' y='20' font-size='14'>{title}</text>\n{body}</svg>\n")


def duration(us):
    return f"{us:.0f} us" if us < 1000 else f"{us / 1000:g} ms"


def panels_over_time(title, panels):
    """`panels`: name to lines, each line's name to [(seconds, microseconds)]; all to one logarithmic
    scale, the last line of each behind the others."""
    points = [point for lines in panels.values() for line in lines.values() for point in line]
    if not points:
        return document(title, "", TOP)
    last = max(at for at, _ in points) or 1
    low = math.floor(math.log10(max(min(us for _, us in points), 1)))
    high = max(math.ceil(math.log10(max(us for _, us in points))), low + 1)
    width = (WIDTH - (PANELS_A_ROW - 1) * LEFT) / PANELS_A_ROW

    def panel(left, top, name, lines):
        def y_of(us):
            return top + PANEL_HEIGHT * (1 - (math.log10(max(us, 1)) - low) / (high - low))

        def polyline(points, color):
            path = " ".join(f"{left + width * at / last:.1f},{y_of(us):.1f}" for at, us in points)
            return f"<polyline fill='none' stroke='{color}' stroke-width='1.2' points='{path}'/>\n"

        yield f"<text x='{left}' y='{top - 8}' font-weight='bold'>{name}</text>\n"
        for decade in range(low, high + 1):
            y = y_of(10 ** decade)
            yield (f"<line x1='{left}' x2='{left + width:.1f}' y1='{y:.1f}' y2='{y:.1f}' "
                   f"stroke='#ddd'/><text x='{left - 8}' y='{y + 4:.1f}' text-anchor='end'>"
                   f"{duration(10 ** decade)}</text>\n")
        for line, color in reversed(list(zip(lines.values(), LINE_COLORS))):
            yield polyline(line, color)
        y = top + PANEL_HEIGHT + 16
        yield (f"<text x='{left}' y='{y}'>0 s</text>"
               f"<text x='{left + width:.1f}' y='{y}' text-anchor='end'>{last:.1f} s</text>\n")

    row_height = PANEL_HEIGHT + 56
    out = legend(next(iter(panels.values())))
    for index, (name, lines) in enumerate(panels.items()):
        row, column = divmod(index, PANELS_A_ROW)
        out += panel(LEFT + column * (width + LEFT), TOP + 24 + row * row_height, name, lines)
    rows = math.ceil(len(panels) / PANELS_A_ROW)
    return document(title, "".join(out), TOP + rows * row_height)


def legend(names):
    step = 70
    left = LEFT + WIDTH - step * len(names)
    return [f"<line x1='{left + step * i}' x2='{left + step * i + 18}' y1='16' y2='16' "
            f"stroke='{color}' stroke-width='2'/><text x='{left + step * i + 22}' y='20'>{name}"
            "</text>\n" for i, (name, color) in enumerate(zip(names, LINE_COLORS))]


def bars(title, groups):
    """`groups`: name to [(number, text)], the first of each in grey; drawn to the scale of the
    largest."""
    most = max((value for bars in groups.values() for value, _ in bars), default=0) or 1
    left = LEFT + 70
    out = []
    y = TOP
    for name, values in groups.items():
        out.append(f"<text x='{left - 12}' y='{y + 10 * len(values) + 2}' text-anchor='end'>{name}"
                   "</text>\n")
        for index, (value, text) in enumerate(values):
            width = (WIDTH - 250) * value / most
            out.append(f"<rect x='{left}' y='{y}' width='{width:.1f}' height='17' "
                       f"fill='{GREY if index == 0 else COLOR}'/>"
                       f"<text x='{left + 6 + width:.1f}' y='{y + 13}'>{text}</text>\n")
            y += 20
        y += 10
    return document(title, "".join(out), y + 6)
