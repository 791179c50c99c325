//! Characters that show nothing but change how the rest is read: by a terminal, by a spreadsheet,
//! by people.

/// Whether `c` is a control character (Cc), a format character (Cf), a separator of lines or paragraphs, or
/// one that fonts leave out. Such a character moves a terminal's cursor, turns the direction of
/// reading, or hides what comes after it.
///
/// Source: `DerivedGeneralCategory.txt` and `Default_Ignorable_Code_Point` of Unicode 16, without
/// the variation selectors, which people use in names with symbols.
pub fn is_control_or_format(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}')
}

/// Whether a contract can hold the text. Its hash ends with U+0000, which therefore no text in it may hold.
pub fn is_clean(text: &str) -> bool {
    !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::is_control_or_format;

    #[test]
    fn what_shows_nothing_is_told_from_what_people_write() {
        for hidden in
            "\0\t\n\x1b\x7f\u{85}\u{9b}\u{ad}\u{200b}\u{202e}\u{2066}\u{feff}\u{e0041}".chars()
        {
            assert!(is_control_or_format(hidden), "{hidden:?}");
        }
        for shown in "aé 茶€\u{a0}\u{3000}＝\u{fe0f}😀".chars() {
            assert!(!is_control_or_format(shown), "{shown:?}");
        }
    }
}
