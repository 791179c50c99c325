UPDATE categories SET name = :name, name_i18n = :name_i18n
WHERE instance_serial = :instance AND serial = :category_serial
