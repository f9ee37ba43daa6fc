from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Preparation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64)),
                ("served", models.JSONField(default=list)),
                ("at", models.DateTimeField(default=kernel.clock.now)),
            ],
        ),
    ]
