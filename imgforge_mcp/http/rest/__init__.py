"""The five services that programs were written for: a file each, two translations and no logic of its own."""
