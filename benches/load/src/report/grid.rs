//! A table of text whose columns line up.

use std::io::Write;

/// Rows of cells below a head.
#[derive(Debug)]
pub struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// So many columns at the left hold text; the others hold figures and stand at the right.
    text_columns: usize,
}

impl Grid {
    /// An empty table.
    pub fn new(head: Vec<String>, text_columns: usize) -> Self {
        Self {
            head,
            rows: Vec::new(),
            text_columns,
        }
    }

    /// Adds a row as wide as the head; missing cells stay empty.
    pub fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
    }

    /// Writes it with spaces between the columns.
    pub fn plain(&self, out: &mut impl Write) -> std::io::Result<()> {
        let widths = self.widths();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let padding = " ".repeat(width - cell.chars().count());
                if column < self.text_columns {
                    line.push_str(cell);
                    line.push_str(&padding);
                } else {
                    line.push_str(&padding);
                    line.push_str(cell);
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Writes it as a Markdown table.
    pub fn markdown(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "| {} |", self.head.join(" | "))?;
        let rule = |column| {
            if column < self.text_columns {
                "---"
            } else {
                "---:"
            }
        };
        let rules = (0..self.head.len()).map(rule).collect::<Vec<_>>();
        writeln!(out, "| {} |", rules.join(" | "))?;
        for row in &self.rows {
            writeln!(out, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.head.len())
            .map(|column| {
                std::iter::once(&self.head)
                    .chain(&self.rows)
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect()
    }
}
