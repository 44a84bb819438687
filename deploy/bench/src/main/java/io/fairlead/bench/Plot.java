package io.fairlead.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Ratios as bars in an SVG: a group for each scenario, in it a bar for each contender, from 1 to its ratio. The scale is
 * logarithmic, so that half and double are equally far from 1.
 */
final class Plot {

    private static final int LABELS = 170;
    private static final int WIDTH = 560;
    private static final int FIGURES = 50;
    private static final int BAR = 11;
    private static final int GAP = 14;
    private static final int TOP = 70;
    private static final int LEGEND_COLUMN = 190;
    private static final int LEGEND_COLUMNS = 4;
    private static final int LEGEND_LINE = 16;

    /** Fairlead's own are the strong ones. */
    private static final List<String> OWN = List.of("#1f4e9c", "#3f7fd6", "#86b3ee", "#0b2a5c", "#5a8fd0", "#aac8f0");

    private static final List<String> OTHERS =
            List.of("#c9722c", "#e0a458", "#8a9a5b", "#b8a1c9", "#9b9b9b", "#c9b79c");

    private final String title;
    private final Map<String, Map<String, Double>> ratios;
    private final Map<String, String> colours = new LinkedHashMap<>();
    private double least = 1;
    private double most = 1;

    /** @param ratios by group and bar, all above 0 */
    Plot(String title, Map<String, Map<String, Double>> ratios) {
        this.title = title;
        this.ratios = ratios;
        int own = 0;
        int others = 0;
        for (Map<String, Double> group : ratios.values()) {
            for (Map.Entry<String, Double> bar : group.entrySet()) {
                least = Math.min(least, bar.getValue());
                most = Math.max(most, bar.getValue());
                if (!colours.containsKey(bar.getKey())) {
                    colours.put(
                            bar.getKey(),
                            bar.getKey().startsWith("fairlead")
                                    ? OWN.get(own++ % OWN.size())
                                    : OTHERS.get(others++ % OTHERS.size()));
                }
            }
        }
        least = Math.pow(2, Math.floor(log2(least)));
        most = Math.pow(2, Math.max(1, Math.ceil(log2(most))));
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    private double x(double ratio) {
        return LABELS + WIDTH * (log2(ratio) - log2(least)) / (log2(most) - log2(least));
    }

    String svg() {
        int legend = LEGEND_LINE * ((colours.size() + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS);
        int bars = ratios.values().stream().mapToInt(Map::size).sum();
        int height = TOP + legend + bars * BAR + ratios.size() * GAP + 10;
        int width = LABELS + WIDTH + FIGURES;
        StringBuilder svg = new StringBuilder();
        add(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"11\">",
                width,
                height,
                width,
                height);
        add(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", width, height);
        add(svg, "<text x=\"10\" y=\"20\" font-size=\"14\" font-weight=\"bold\">%s</text>", title);
        legend(svg);
        scale(svg, TOP + legend - 8, height - 10);
        int y = TOP + legend;
        for (Map.Entry<String, Map<String, Double>> group : ratios.entrySet()) {
            int middle = y + group.getValue().size() * BAR / 2 + 4;
            add(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LABELS - 34, middle, group.getKey());
            for (Map.Entry<String, Double> bar : group.getValue().entrySet()) {
                bar(svg, y, bar.getKey(), bar.getValue());
                y += BAR;
            }
            y += GAP;
        }
        return svg.append("</svg>\n").toString();
    }

    private void legend(StringBuilder svg) {
        int i = 0;
        for (Map.Entry<String, String> entry : colours.entrySet()) {
            int x = 10 + i % LEGEND_COLUMNS * LEGEND_COLUMN;
            int y = 32 + i / LEGEND_COLUMNS * LEGEND_LINE;
            add(svg, "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>", x, y, entry.getValue());
            add(svg, "<text x=\"%d\" y=\"%d\">%s</text>", x + 14, y + 9, entry.getKey());
            i++;
        }
    }

    private void scale(StringBuilder svg, int top, int bottom) {
        for (double ratio = least; ratio <= most; ratio *= 2) {
            boolean reference = Math.abs(ratio - 1) < 1e-9;
            add(
                    svg,
                    "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>",
                    x(ratio),
                    x(ratio),
                    top,
                    bottom,
                    reference ? "#333" : "#ddd");
            add(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%s</text>",
                    x(ratio),
                    top - 4,
                    reference
                            ? "1 = " + Report.REFERENCE
                            : ratio < 1 ? "1/" + Math.round(1 / ratio) : Math.round(ratio));
        }
    }

    private void bar(StringBuilder svg, int y, String name, double ratio) {
        double from = Math.min(x(1), x(ratio));
        double to = Math.max(x(1), x(ratio));
        add(
                svg,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s</title></rect>",
                from,
                y,
                Math.max(1, to - from),
                BAR - 2,
                colours.getOrDefault(name, "#000"),
                name);
        boolean left = ratio < 1;
        add(
                svg,
                "<text x=\"%.1f\" y=\"%d\" font-size=\"9\" text-anchor=\"%s\">%.2f</text>",
                left ? from - 3 : to + 3,
                y + BAR - 3,
                left ? "end" : "start",
                ratio);
    }

    private static void add(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
