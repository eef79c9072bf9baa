//! An address as a drawing, for a phone's camera.

use qrcode::{QrCode, render::unicode::Dense1x2};

/// Draws `text`, with the quiet zone that readers need, two rows of it on each line.
///
/// With colours it is dark on light, as the standard wants it; without them it is right on a dark
/// terminal, and readers take the negative of a light one as a rule.
///
/// `None` for what is too long for a terminal.
pub(crate) fn draw(text: &str, colours: bool) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    if code.width() > LARGEST {
        return None;
    }
    let mut image = code.render::<Dense1x2>();
    if colours {
        let lines = image.build();
        let lines = lines
            .lines()
            .map(|line| format!("{DARK_ON_LIGHT}{line}{RESET}\n"));
        return Some(lines.collect());
    }
    // What is printed shines on a dark terminal.
    image
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark);
    Some(image.build() + "\n")
}

/// With its quiet zone still narrower than a terminal of 80 columns.
const LARGEST: usize = 69;

const DARK_ON_LIGHT: &str = "\u{1b}[30;107m";
const RESET: &str = "\u{1b}[0m";

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://login.microsoft.com/device";

    #[test]
    fn is_framed_by_its_quiet_zone() {
        let drawing = draw(PAGE, false).unwrap();
        let lines: Vec<&str> = drawing.lines().collect();
        // 29 modules, four more on each side.
        assert!(lines.iter().all(|line| line.chars().count() == 37));
        assert_eq!(lines[0], "\u{2588}".repeat(37));
        assert_eq!(lines[1], "\u{2588}".repeat(37));
        assert!(lines[2].starts_with("\u{2588}\u{2588}\u{2588}\u{2588} \u{2584}"));
    }

    #[test]
    fn colours_are_only_said_where_they_may() {
        assert!(!draw(PAGE, false).unwrap().contains('\u{1b}'));
        for line in draw(PAGE, true).unwrap().lines() {
            assert!(line.starts_with(DARK_ON_LIGHT) && line.ends_with(RESET));
        }
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        assert!(draw(&"x".repeat(600), false).is_none());
        assert!(draw(&"x".repeat(10_000), false).is_none());
    }
}
