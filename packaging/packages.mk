# SPDX-License-Identifier: Apache-2.0
#
#	make deb	$(O)/deb: the Debian package and its source package
#	make rpm	$(O)/rpm: the RPM package and its source package
#
# Both are built from what is committed, as HEAD has it, and both call "make install".

release := coaming-$(version)
# Not those of this make: its variables are not the package's.
alone := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u O -u CI
export_tree = git -c safe.directory='*' archive --format=tar.gz --prefix=$(release)/ -o $(1) HEAD

# debian/ has to be at the top, and belongs to the packager: the original source has it elsewhere.
deb:
	@rm -rf $(O)/deb
	@mkdir -p $(O)/deb
	$(call export_tree,$(O)/deb/coaming_$(version).orig.tar.gz)
	tar -C $(O)/deb -xzf $(O)/deb/coaming_$(version).orig.tar.gz
	cp -a $(O)/deb/$(release)/packaging/debian $(O)/deb/$(release)/debian
	cd $(O)/deb/$(release) && $(alone) dpkg-buildpackage -us -uc $(DEB_FLAGS)

# On Debian no RPM package can be asked for: what the build needs is looked for by make itself.
rpm:
	@rm -rf $(O)/rpm
	@mkdir -p $(O)/rpm/SOURCES
	$(call export_tree,$(O)/rpm/SOURCES/$(release).tar.gz)
	$(alone) rpmbuild --define '_topdir $(abspath $(O))/rpm' \
		$(if $(wildcard /etc/debian_version),--nodeps) $(RPM_FLAGS) -ba packaging/rpm/coaming.spec

.PHONY: deb rpm
