SELECT templates.template_id, templates.description, templates.contract, templates.editable_defaults,
    otp_devices.device_id AS otp_id
FROM templates
LEFT JOIN otp_devices ON otp_devices.serial = templates.otp_device_serial
WHERE templates.instance_serial = :instance AND templates.template_id = :template_id
