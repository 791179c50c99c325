DELETE FROM templates WHERE instance = :instance AND template_id = :template_id
